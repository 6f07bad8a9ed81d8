"""Forms of ThreatWinds' machine-made data types: hex, base64, UUID, file identifiers."""

import re
import uuid
from base64 import b64decode
from binascii import Error as Base64Error

from connectors.observable.digest import MD5, SHA256
from connectors.observable.form import Form, anything, as_written
from connectors.observable.text import lower_runes

_HEX_PAIRS = re.compile(r"(?:[0-9a-f]{2})+")
_UUID = re.compile(
    r"(?:urn:uuid:)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\{[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}"
    r"|[0-9a-f]{32}"
)


def _is_hexadecimal(value: str) -> bool:
    return _HEX_PAIRS.fullmatch(value) is not None


def _is_base64(value: str) -> bool:
    if not value.isascii():
        return False
    try:
        # Line ends are ignored upstream, and by nobody else.
        b64decode(value.replace("\r", "").replace("\n", ""), validate=True)
    except Base64Error:
        return False
    return True


def _spell_uuid(value: str) -> str | None:
    lower = lower_runes(value)
    return str(uuid.UUID(lower)) if _UUID.fullmatch(lower) else None


def _spell_file(value: str) -> str | None:
    # The order matters: 32 hexadecimal characters are an MD5 before they are a UUID.
    lower = lower_runes(value)
    return lower if MD5.fits(lower) or SHA256.fits(lower) else _spell_uuid(lower)


HEXADECIMAL = Form(lower_runes, _is_hexadecimal, "an even number of hexadecimal characters")
BASE64 = Form(as_written, _is_base64, "padded base64 in the standard alphabet")
UUID = Form(_spell_uuid, anything, "a UUID")
FILE = Form(_spell_file, anything, "an MD5, a SHA3-256 or a UUID")
