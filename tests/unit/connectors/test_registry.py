"""Finding connectors: real distributions in a folder, each in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import ConfigurationError
from connectors.registry import installed, load_plugin

_PLUGIN = """
from connectors.contract import Plugin
from connectors.credential import CallerCredential
from connectors.settings import SourceSettings
PLUGIN = Plugin({kind!r}, SourceSettings, lambda s: None, lambda s: CallerCredential(), frozenset())
"""
_ASK = """
import json, sys
from connectors.errors import ConfigurationError
from connectors.registry import installed, load_plugin
told = {}
try:
    told["kinds"] = list(installed())
    told["quiet"] = not any("toy" in name or "connectors.sources" in name for name in sys.modules)
    told["loaded"] = load_plugin(sys.argv[1]).kind
except ConfigurationError as error:
    told["mistakes"] = error.mistakes
told["imported"] = sorted(name for name in sys.modules if name.startswith("toy_"))
print(json.dumps(told))
"""


@pytest.fixture
def distribute(tmp_path: Path) -> Callable[..., None]:
    """Give a function that lays a distribution with one connector into the search path."""

    def lay(name: str, *, kind: str, code: str | None = None, module: str | None = None) -> None:
        module = module or f"toy_{name}"
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[relgraph.connectors]\n{kind} = {module}:PLUGIN\n")
        (tmp_path / f"toy_{name}.py").write_text(_PLUGIN.format(kind=kind) if code is None else code)

    return lay


@pytest.fixture
def ask(tmp_path: Path) -> Callable[[str], dict[str, Any]]:
    """Give a function that loads one kind in a new process and tells what happened."""

    def run(kind: str) -> dict[str, Any]:
        done = subprocess.run(  # noqa: S603 - this interpreter, with this test's own text
            [sys.executable, "-c", _ASK, kind],
            env={"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            check=True,
            timeout=20,
        )
        told = json.loads(done.stdout)
        assert isinstance(told, dict)
        return told

    return run


def test_the_built_in_connectors_use_the_same_door() -> None:
    """Both are there by entry point, in order of kind."""
    points = installed()
    assert list(points) == sorted(points)
    assert {"autodesk", "threatwinds"} <= set(points)


def test_an_unknown_kind_names_the_known_ones() -> None:
    """The operator reads what could have been meant."""
    with pytest.raises(ConfigurationError, match=r"'nowhere'.*autodesk, threatwinds"):
        load_plugin("nowhere")


def test_only_the_kind_asked_for_is_imported(
    distribute: Callable[..., None], ask: Callable[[str], dict[str, Any]]
) -> None:
    """A third party's connector is found and imported; its neighbor, which would fail, is not."""
    distribute("one", kind="first")
    distribute("two", kind="second", code="raise SystemExit('imported')")
    told = ask("first")
    assert {"first", "second", "autodesk", "threatwinds"} <= set(told["kinds"])
    assert (told["quiet"], told["loaded"], told["imported"]) == (True, "first", ["toy_one"])


def test_two_distributions_may_not_claim_one_kind(
    distribute: Callable[..., None], ask: Callable[[str], dict[str, Any]]
) -> None:
    """Which of them would speak must not depend on the search path; both are named."""
    distribute("one", kind="first")
    distribute("two", kind="first")
    told = ask("first")
    assert told["mistakes"] == ["the connector 'first' is claimed by one and two"]
    assert told["imported"] == []


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        ({"code": "import nothing_of_that_name"}, "cannot be imported: No module named"),
        ({"module": "toy_gone"}, "cannot be imported: No module named"),
        ({"code": ""}, "cannot be imported: module 'toy_one' has no attribute"),
        ({"code": "PLUGIN = 1"}, "toy_one:PLUGIN is no Plugin"),
        ({"code": _PLUGIN.format(kind="other")}, "calls itself 'other'"),
    ],
)
def test_what_is_no_connector_is_the_operators_to_mend(
    distribute: Callable[..., None],
    ask: Callable[[str], dict[str, Any]],
    layout: dict[str, str],
    words: str,
) -> None:
    """A connector that cannot be used says so by kind and distribution, at start."""
    distribute("one", kind="first", **layout)
    (mistake,) = ask("first")["mistakes"]
    assert mistake.startswith("the connector 'first' of one")
    assert words in mistake
