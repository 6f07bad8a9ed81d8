"""Hash values in hexadecimal, each algorithm by its length."""

import re

from connectors.observable.form import Form
from connectors.observable.text import lower_runes

_HEX = re.compile(r"[0-9a-f]+")


def hex_digest(*lengths: int) -> Form:
    """Make the form of a digest that is written in so many hexadecimal characters."""

    def admits(value: str) -> bool:
        return len(value) in lengths and _HEX.fullmatch(value) is not None

    return Form(lower_runes, admits, f"{' or '.join(map(str, lengths))} hexadecimal characters")


MD5 = hex_digest(32, 16)
SHA1 = hex_digest(40)
SHA224 = hex_digest(56)
SHA256 = hex_digest(64)
SHA384 = hex_digest(96)
SHA512 = hex_digest(128)
