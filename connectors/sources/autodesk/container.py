"""What a container id looks like, and which containers a source serves."""

import re
from typing import Literal

Containers = tuple[str, ...] | Literal["any"]

# The documentation's own GUIDs do not always carry RFC 4122 version and variant bits, so only the
# shape counts (relationships:search, example request).
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def is_guid(text: str) -> bool:
    """Tell whether `text` has the shape 8-4-4-4-12 of hexadecimal digits, in either case."""
    return _GUID.fullmatch(text) is not None


def read_container(text: str) -> str:
    """Give a container id in lower case; ValueError says what is wrong with it."""
    if is_guid(text):
        return text.lower()
    # A project id of Data Management is "b." and the container id.
    if text[:2].lower() == "b." and is_guid(text[2:]):
        raise ValueError(f'{text!r}: leave out the "b.", a container is {text[2:].lower()!r}')
    raise ValueError(f"{text[:64]!r}: a container is a GUID, such as f0f4f36a-ac64-687f-b132-8efe04b22454")
