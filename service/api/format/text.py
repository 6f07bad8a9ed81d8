"""Text that a format cannot hold, or a person cannot see, written so that both can: `_x001B_`.

A character in question is written as `_x`, its code point in four hexadecimal digits, and `_`. An
underscore before an `x` and four such digits is itself written so (`_x005F_`), therefore
`re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)` gives back what was there.
"""

import re
from collections.abc import Callable

# Left out of plain text: what moves a terminal's cursor, and what makes text look like another text.
_CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_BIDI = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_LINES = r"\u2028\u2029"
# Unicode says of these two that they are no characters; XML 1.0 forbids them with the controls.
_NEVER = r"\ufffe\uffff"


def _writer(characters: str) -> Callable[[str], str]:
    escaped = re.compile(f"_(?=x[0-9A-Fa-f]{{4}})|[{characters}]")

    def write(text: str) -> str:
        return escaped.sub(lambda found: f"_x{ord(found[0]):04X}_", text)

    return write


# For cells, which hold lines and tabs.
show_unseen = _writer(_CONTROLS + _BIDI + _LINES + _NEVER)
# For what is one line.
show_unseen_line = _writer(r"\t\n\r" + _CONTROLS + _BIDI + _LINES + _NEVER)
# For mermaid, whose own marks for a reference (`\ufb02°` and `¶ß`) are read wherever text has them.
show_unseen_mermaid = _writer(r"\t\n\r\ufb02\xb6" + _CONTROLS + _BIDI + _LINES + _NEVER)
# XML 1.0 section 2.2: what no document may hold, not even as a reference.
show_forbidden = _writer(r"\x00-\x08\x0b\x0c\x0e-\x1f" + _NEVER)


def encode_text(text: str) -> bytes:
    """Give the UTF-8 of a document; a lone surrogate becomes U+FFFD, as it does in JSON."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode("utf-8")
