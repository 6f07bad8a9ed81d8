"""C1 tells every way in which a data sheet, a plugin or a settings table can be wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from connectors.contract import ConnectorSpec, Freshness, Pace, Plugin
from connectors.model import Relation
from connectors.testing.canary import canary
from connectors.testing.candidate import Candidate
from connectors.testing.example import PLUGIN, Library
from connectors.testing.rules.spec import spec_is_valid

TABLE = {"connector": "library", "base_url": "https://library.example", "token": canary("card")}
CITES = Relation("cites", directed=True)


def faults(
    tmp_path: Path, *, plugin: Plugin = PLUGIN, tables: Sequence[Mapping[str, Any]] = (TABLE,), **changed: Any
) -> list[str]:
    """Give what C1 finds when the library's spec has the fields given."""

    class Changed(Library):
        @property
        def spec(self) -> ConnectorSpec:
            """Give the changed data sheet."""
            return replace(super().spec, **changed)

    tested = replace(plugin, build=Changed) if changed else plugin
    return list(spec_is_valid(Candidate(tested, tables, (), tmp_path)))


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"namespaces": ()}, "no namespaces"),
        ({"namespaces": ("a b",)}, "a namespace is no name"),
        ({"namespaces": ("a", "a")}, "a namespace is listed twice"),
        ({"relations": ()}, "no relations"),
        ({"relations": (Relation("Related To", directed=False),)}, "a relation is not lower-case words"),
        ({"relations": (CITES, CITES)}, "a relation is declared twice"),
        ({"mapping_version": 0}, "mapping_version is not 1 or more"),
        ({"batch_size": 0}, "batch_size is not 1 or more"),
        ({"pace": Pace(concurrency=0)}, "concurrency is not 1 or more"),
        ({"pace": Pace(requests_per_minute=-1)}, "requests_per_minute is not 1 or more"),
        ({"freshness": Freshness(ttl=timedelta(seconds=-1))}, "a time of freshness is below zero"),
        ({"freshness": Freshness()}, "freshness is not what the settings say"),
        ({"pace": Pace()}, "pace is not what the settings say"),
        ({"examples": ()}, "no examples for a newcomer"),
        ({"examples": ("library:",)}, "the example library: is refused"),
        ({"examples": ("other:book:x",)}, "is not claimed as one address that is accepted"),
        ({"kind": "shop"}, "the spec's kind is 'shop', the plugin's 'library'"),
        ({"scope": (("a", "b"),)}, "another base_url gives the same scope"),
    ],
)
def test_a_wrong_data_sheet_is_told(changed: dict[str, Any], fault: str, tmp_path: Path) -> None:
    """Each wrong field is one fault, in words that name it."""
    told = faults(tmp_path, **changed)
    assert all(each.startswith("settings 1: ") for each in told)
    (found,) = [each for each in told if fault in each]
    # A sheet whose numbers are impossible is not that of its settings either.
    policy = "is not what the settings say"
    assert [each for each in told if policy not in each] == ([] if policy in fault else [found])


def test_a_name_twice_in_the_scope_is_told(tmp_path: Path) -> None:
    """A scope that says two things under one name could be read either way."""
    assert "settings 1: a name is in the scope twice" in faults(tmp_path, scope=(("a", "b"), ("a", "c")))


def test_settings_that_are_refused_are_told(tmp_path: Path) -> None:
    """A table that was meant to be valid and is not is named by its place, the others are examined."""
    (told,) = faults(tmp_path, tables=(TABLE, {**TABLE, "ttl": "soon"}))
    assert told.startswith("settings 2: refused: ")


def test_no_settings_prove_nothing(tmp_path: Path) -> None:
    """Without a table there is no connector to examine."""
    assert faults(tmp_path, tables=()) == ["no settings to build a connector from"]


def test_a_wrong_plugin_is_told(tmp_path: Path) -> None:
    """A kind that is no word and settings of another family are told before anything is built."""

    class Strange(BaseModel):
        """Settings that are no SourceSettings."""

    wrong: Any = replace(PLUGIN, kind="My Library", settings=Strange)
    told = faults(tmp_path, plugin=wrong, tables=())
    assert told[0] == "the plugin's kind 'My Library' is not lower-case letters, digits and hyphens"
    assert told[1] == "Strange is no SourceSettings"
