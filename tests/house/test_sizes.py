"""Modules stay small enough to be read whole."""

from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
MODULES = {
    path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines())
    for package in ("connectors", "service")
    for path in ROOT.glob(f"{package}/**/*.py")
}
LONGEST = 350
LONGEST_MEDIAN = 110
# A connector that needs more does something that belongs to everybody.
LONGEST_OF_SOURCE = {"connector.py": 120, "mapping.py": 200}


def test_no_module_is_long() -> None:
    """No file of the two packages has more than 350 lines."""
    assert {name: lines for name, lines in MODULES.items() if lines > LONGEST} == {}


def test_modules_are_small_as_a_rule() -> None:
    """Half of them have 110 lines at most, the one-line package files left aside."""
    assert median(lines for lines in MODULES.values() if lines > 1) <= LONGEST_MEDIAN


@pytest.mark.parametrize("name", LONGEST_OF_SOURCE)
def test_a_connector_is_small(name: str) -> None:
    """Asking and mapping each fit on two or three screens, in every source."""
    sizes = {
        path: lines
        for path, lines in MODULES.items()
        if path.startswith("connectors/sources/") and path.endswith(f"/{name}")
    }
    assert sizes
    assert {path: lines for path, lines in sizes.items() if lines > LONGEST_OF_SOURCE[name]} == {}
