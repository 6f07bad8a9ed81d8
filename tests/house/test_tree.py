"""What stands where: the top of the tree, the doors for connectors and commands, the errors' tree."""

import inspect
import tomllib
from fnmatch import fnmatch
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from connectors import errors
from connectors.contract import Plugin
from connectors.registry import GROUP, installed, load_plugin
from service import cli

ROOT = Path(__file__).parents[2]
TOP = {
    ".ci",
    ".dockerignore",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "Makefile",
    "README.md",
    "connectors",
    "deploy",
    "docs",
    "pyproject.toml",
    "requirements",
    "service",
    "tests",
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_nothing_else_is_at_the_top() -> None:
    """Beside what tools leave behind, which is ignored, the top holds what the house says and no more."""
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text("utf-8").split()]
    found = {path.name for path in ROOT.iterdir() if not any(fnmatch(path.name, each) for each in ignored)}
    assert found - {".git"} == TOP


def test_the_built_in_connectors_use_the_same_door() -> None:
    """Every connector named in the project's own metadata is installed and is a plugin of that kind."""
    named = PROJECT["entry-points"][GROUP]
    assert {kind: installed()[kind].value for kind in named} == named
    assert all(isinstance(load_plugin(kind), Plugin) for kind in named)


def test_every_built_in_source_has_an_entry_point_and_a_page() -> None:
    """A package under `sources` that nobody can name, or read about, is none."""
    folders = {path.parent for path in ROOT.glob("connectors/sources/*/__init__.py")}
    assert {folder.name for folder in folders} == set(PROJECT["entry-points"][GROUP])
    assert all((folder / "README.md").exists() for folder in folders)


def test_the_command_is_installed() -> None:
    """`relgraph` is the program that the tests know."""
    (script,) = [point for point in entry_points(group="console_scripts") if point.name == "relgraph"]
    assert script.load() is cli.main


def test_the_drawn_tree_of_errors_is_the_real_one() -> None:
    """The module docstring of `connectors.errors` draws each class below the one it derives from."""
    assert _drawn(errors) == {
        cls.__name__: cls.__base__.__name__
        for _, cls in inspect.getmembers(errors, inspect.isclass)
        if cls.__module__ == errors.__name__ and cls.__base__ is not None
    }


def _drawn(module: ModuleType) -> dict[str, str]:
    """Read the drawing: name and parent, by how far a line is indented."""
    tree: dict[str, str] = {}
    above: list[tuple[int, str]] = [(-1, "Exception")]
    for line in (module.__doc__ or "").partition("\n\n")[2].splitlines():
        words = line.lstrip("│├└─ ")
        if not words.strip():
            continue
        indent, name = len(line) - len(words), words.split()[0]
        while above[-1][0] >= indent:
            above.pop()
        tree[name] = above[-1][1]
        above.append((indent, name))
    return tree
