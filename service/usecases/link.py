"""Finds the address in what a user copies from this service: an address, a ref, a URL of `/graph`."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, unquote

from connectors.errors import InvalidNodeIdError
from connectors.model import decode_ref

_REF = re.compile(r"[A-Za-z0-9_-]{4,}")
_PATH = re.compile(r"(?:https?://[^\s/?#]++)?(?:/[^\s/?#]++)*?/?graph(?=[/?])", re.IGNORECASE)
_ADDRESS, _BARE_REF = 1.0, 0.95


def read_links(text: str) -> Iterator[tuple[str, float]]:
    """Give the text of each address that the text may hold, and how sure that is if it is one of ours."""
    yield text, _ADDRESS
    if text.startswith("~"):
        yield from _decode(text[1:], _ADDRESS)
    elif _REF.fullmatch(text):
        yield from _decode(text, _BARE_REF)
    elif path := _PATH.match(text):
        yield from _read_path(text[path.end() :].partition("#")[0])


def _read_path(rest: str) -> Iterator[tuple[str, float]]:
    path, _, query = rest.partition("?")
    place = path.removeprefix("/")
    if place.startswith(("~", "%7E", "%7e")):
        yield from _decode(unquote(place)[1:], _ADDRESS)
    elif place:
        yield unquote(place), _ADDRESS
    else:
        yield from ((node, _ADDRESS) for node in parse_qs(query).get("node", ()))


def _decode(ref: str, confidence: float) -> Iterator[tuple[str, float]]:
    try:
        yield decode_ref(ref), confidence
    except InvalidNodeIdError:
        return
