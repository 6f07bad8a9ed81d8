"""Whole numbers, as decimal text of at most 64 bits."""

import re

from connectors.observable.form import Form, anything

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_LARGEST = 2**63 - 1


def _spell_integer(value: str) -> str | None:
    if not _INTEGER.fullmatch(value):
        return None
    number = int(value)
    return str(number) if -_LARGEST - 1 <= number <= _LARGEST else None


INTEGER = Form(_spell_integer, anything, "a whole number in decimal digits, of at most 64 bits")
