"""Words that do not stand in this project: vague names, unfinished work, traces of a machine."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
# This file names what it forbids.
SELF = Path(__file__)
VAGUE_MODULES = {"utils", "util", "helpers", "helper", "common", "base", "misc", "core"}
VAGUE_VERBS = ("get_", "handle_", "process_", "manage_")
# docs/glossary.md has the words that stand in their place.
NEVER = {
    *("provider", "providers", "backend", "backends", "vertex", "vertices", "adjacent", "adjacency"),
    *("neighbour", "neighbours", "neighbourhood", "crawl", "crawler", "triple", "triples"),
}
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK|NotImplementedError)\b")
INDEXES = re.compile(
    r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|registry\.yarnpkg|crates\.io|proxy\.golang\.org"
    r"|--(?:extra-)?index-url|--find-links|--trusted-host"
)
LEFT_BY_TOOLS = {"__pycache__", ".hypothesis", ".schemathesis", "node_modules"}


@cache
def texts() -> dict[str, str]:
    """Give every text file of the project by its path, this one aside."""
    tops = ("connectors", "service", "tests", "docs", "deploy", "requirements", ".ci")
    files = [path for path in ROOT.iterdir() if path.is_file() and not path.name.startswith(".coverage")]
    files += [path for top in tops for path in (ROOT / top).rglob("*") if path.is_file()]
    found = {}
    for path in files:
        if path == SELF or LEFT_BY_TOOLS.intersection(path.parts):
            continue
        try:
            found[path.relative_to(ROOT).as_posix()] = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
    return found


def trees(*packages: str) -> Iterator[tuple[str, ast.Module]]:
    """Give the syntax tree of every Python file of the packages."""
    for name, text in texts().items():
        if name.endswith(".py") and name.partition("/")[0] in packages:
            yield name, ast.parse(text)


def identifiers(tree: ast.Module) -> Iterator[str]:
    """Give every name that the file itself defines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def parts(identifier: str) -> set[str]:
    """Give the words of a snake_case or CamelCase name, in lower case."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", identifier)}


def test_no_module_is_a_drawer() -> None:
    """A module or folder is named for what is in it, not for being useful."""
    names = {name for name in texts() if name.startswith(("connectors/", "service/", "tests/"))}
    assert [n for n in names if VAGUE_MODULES.intersection(Path(n).with_suffix("").parts)] == []


def test_functions_say_what_they_do() -> None:
    """No function of the two packages gets, handles, processes or manages, unless a library calls it so."""
    vague = [
        f"{name}: {node.name}"
        for name, tree in trees("connectors", "service")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.lstrip("_").startswith(VAGUE_VERBS)
        and f"super().{node.name}(" not in ast.unparse(node)
    ]
    assert vague == []


def test_one_word_for_one_thing() -> None:
    """No identifier uses a word that the glossary has another one for."""
    found = [
        f"{name}: {identifier}"
        for name, tree in trees("connectors", "service")
        for identifier in identifiers(tree)
        if NEVER.intersection(parts(identifier))
    ]
    assert found == []


def test_every_test_states_its_behaviour() -> None:
    """Each test's docstring is one sentence, with its full stop."""
    silent = [
        f"{name}: {node.name}"
        for name, tree in trees("tests")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not (ast.get_docstring(node) or "").endswith(".")
    ]
    assert silent == []


def test_every_module_says_its_purpose() -> None:
    """The first line of each file of the two packages, the tests and the scripts is one sentence."""
    silent = [
        name
        for name, tree in trees("connectors", "service", "tests", "docs")
        if not re.search(r"[.:?]$", (ast.get_docstring(tree) or "").partition("\n\n")[0])
    ]
    assert silent == []


def test_nothing_is_unfinished() -> None:
    """No file speaks of work that was left for later."""
    assert [name for name, text in texts().items() if UNFINISHED.search(text)] == []


def test_no_file_knows_this_machine() -> None:
    """No path of the machine where the project lies stands in it."""
    places = {f"{place}/" for place in (ROOT, ROOT.parent, Path.home()) if len(place.parts) > 1}
    assert [name for name, text in texts().items() if any(place in text for place in places)] == []


def test_no_package_index_is_named() -> None:
    """Where packages come from is the business of whoever installs them."""
    assert [name for name, text in texts().items() if INDEXES.search(text)] == []


def test_locks_name_no_host() -> None:
    """A lock names packages, versions, markers and hashes, and nothing that could be fetched from."""
    locks = {name: text for name, text in texts().items() if name.endswith(".lock")}
    assert set(locks) == {"requirements/dev.lock", "requirements/run.lock"}
    assert [name for name, text in locks.items() if "://" in text] == []
    assert all("--hash=sha256:" in text for text in locks.values())
