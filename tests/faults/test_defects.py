"""Fifteen defects are known from others' code: each has a test that carries its number."""

import re
from pathlib import Path

_TESTS = Path(__file__).parents[1]
_NAME = re.compile(r"^\s*(?:async )?def test_defects?_(\d+)((?:_and_\d+)*)_\w+", re.MULTILINE)


def test_each_known_defect_has_a_test_with_its_number() -> None:
    """None of the fifteen has lost its test."""
    numbers = {
        int(number)
        for path in _TESTS.rglob("test_*.py")
        for first, others in _NAME.findall(path.read_text(encoding="utf-8"))
        for number in (first, *re.findall(r"\d+", others))
    }
    assert numbers == set(range(1, 16))
