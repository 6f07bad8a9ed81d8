"""The test class tells a rule's faults, the first dozen of them, and has one test for each rule."""

import json
from pathlib import Path

import pytest

from connectors.contract import Want
from connectors.model import NodeId
from connectors.testing import ConnectorContract, canary, record
from connectors.testing.cassette import RECORDED_AT
from connectors.testing.example import PLUGIN, Library, LibrarySettings
from connectors.testing.rules import RULES
from connectors.wire import Call, Reply

TABLE = {"connector": "library", "base_url": "https://library.example", "token": canary("card")}
BODY = json.dumps({"citations": [{"title": "Emile", "number": "n1", "shelf": "R"}], "next": None}).encode()


def upstream(_call: Call, _number: int) -> Reply:
    """Answer every question with one page."""
    return Reply(200, RECORDED_AT, {"content-type": "application/json"}, BODY)


def enrol(folder: Path, *examples: str) -> ConnectorContract:
    """Make the contract of the example connector, with one cassette."""
    library = Library(LibrarySettings.model_validate(TABLE))
    ask = (NodeId("library", None, "book", "Candide"),)
    record(folder / "one", library, ask=ask, want=Want(), upstream=upstream, settings={})

    class LibraryContract(ConnectorContract):
        plugin = PLUGIN
        settings = (TABLE,)
        cassettes = folder

    LibraryContract.examples = examples
    return LibraryContract()


def names_of(contract: ConnectorContract) -> dict[str, str]:
    """Give the names of the tests by the number of their rule."""
    return {name.split("_")[1].upper(): name for name in dir(contract) if name.startswith("test_c")}


def test_every_rule_has_its_test(tmp_path: Path) -> None:
    """Fifteen rules, fifteen tests, and the example connector passes them all."""
    contract = enrol(tmp_path, "library:book:Candide")
    assert names_of(contract).keys() == RULES.keys()
    for name in names_of(contract).values():
        getattr(contract, name)()


def test_a_fault_is_told_with_its_rule(tmp_path: Path) -> None:
    """The failure names the rule and what is wrong."""
    with pytest.raises(AssertionError, match=r"C8 is broken:\n  the example other:a:b is accepted by no"):
        enrol(tmp_path, "other:a:b").test_c8_ids_round_trip()


def test_of_many_faults_a_dozen_are_told(tmp_path: Path) -> None:
    """A broken connector does not drown its author in lines."""
    contract = enrol(tmp_path, *(f"other:a:{n}" for n in range(40)))
    with pytest.raises(AssertionError, match="and perhaps more") as caught:
        contract.test_c8_ids_round_trip()
    assert len(str(caught.value).splitlines()) == 14
