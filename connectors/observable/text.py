"""Free text: what may stand in it, and lower case as the feeds understand it."""

import re
from unicodedata import category

from connectors.model.ids import MAX_KEY_BYTES
from connectors.observable.form import Form

# White space that Unicode counts among the control characters.
_CONTROL_SPACE = frozenset("\t\n\v\f\r\x85")
_ASCII_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_KEPT = frozenset("LNPSZ")
_DOTTED_CAPITAL_I = "\u0130"


def lower_runes(text: str) -> str:
    """Lower-case each character by itself, as the upstreams' Go code does.

    `str.lower` looks at neighbors (a final sigma) and makes two characters of a dotted capital I;
    either would hash to another id.
    """
    if text.isascii():
        return text.lower()
    return "".join("i" if rune == _DOTTED_CAPITAL_I else rune.lower() for rune in text)


def clean(text: str) -> str:
    """Put a space for everything that is no letter, number, punctuation, symbol or white space."""
    if text.isascii():
        return _ASCII_CONTROL.sub(" ", text)
    return "".join(rune if category(rune)[0] in _KEPT or rune in _CONTROL_SPACE else " " for rune in text)


def spell_text(value: str) -> str:
    """Clean, then lower-case."""
    return lower_runes(clean(value))


def is_worded(value: str) -> bool:
    """Tell whether there is something in the text, and not too much."""
    return bool(value.strip()) and len(value.encode()) <= MAX_KEY_BYTES


_WORDS = f"text that is not blank, of at most {MAX_KEY_BYTES} bytes"

TEXT = Form(spell_text, is_worded, _WORDS)
CASED_TEXT = Form(clean, is_worded, _WORDS)
