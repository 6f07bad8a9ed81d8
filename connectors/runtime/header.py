"""What may stand in a header that we send."""

import re

from connectors.wire import Pairs

# RFC 9110, 5.1 and 5.5. Non-ASCII values are allowed there only as opaque history; nothing of ours
# needs them, and an HTTP library that cannot encode one quotes the whole value in its error.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?", re.ASCII)
_SECRET = re.compile(r"[\x21-\x7e]+", re.ASCII)


def unsendable(headers: Pairs) -> str | None:
    """Give the name of the first header that may not be sent, or None; never a value.

    A name that is itself unfit is given as "?".
    """
    for name, value in headers:
        if not _NAME.fullmatch(name):
            return "?"
        if not _VALUE.fullmatch(value):
            return name
    return None


def is_secret_text(value: str) -> bool:
    """Tell whether a token or key can be part of a header value: visible ASCII, at least one."""
    return _SECRET.fullmatch(value) is not None
