"""Text inside XML 1.0: everything it allows comes back as it was, the rest as `_xHHHH_`."""

import re

from service.api.format.text import show_forbidden

# Allowed as they are, and yet written as references: a reader makes one space of a tab or a line's
# end in an attribute and a line feed of a carriage return; the others act on terminals and editors.
_REFERRED = re.compile(r"[\t\n\r\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def escape(text: str) -> str:
    """Write text so that it can stand in an element or in a double-quoted attribute."""
    text = show_forbidden(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _REFERRED.sub(lambda found: f"&#x{ord(found[0]):X};", text.replace('"', "&quot;"))
