"""E-mail addresses: the bare address of what RFC 5322 lets stand in a header."""

import re

from connectors.observable.form import Form, anything
from connectors.observable.text import lower_runes

# RFC 5322 calls these atoms: everything but white space, control characters and the marks that mean
# something in a header.
_RUNE = r"""[^\s\x00-\x1f\x7f"(),.:;<>@\[\\\]]"""
_DOT_ATOM = rf"{_RUNE}+(?:\.{_RUNE}+)*"
# A quoted local part is left out: once bare, it could not be read again.
_ADDRESS = re.compile(rf"{_DOT_ATOM}@{_DOT_ATOM}")
_DISPLAY_NAME = re.compile(rf'(?:{_RUNE}|[ .])*|"(?:[^"\\\x00-\x1f\x7f]|\\[ -~])*+" *')


def _spell_email(value: str) -> str | None:
    text = lower_runes(value)
    if text.endswith(">"):
        name, bracket, address = text[:-1].rpartition("<")
        if not bracket or not _DISPLAY_NAME.fullmatch(name):
            return None
        text = address
    return text if _ADDRESS.fullmatch(text) else None


EMAIL = Form(_spell_email, anything, "an e-mail address, such as someone@example.com")
