"""What a broken or malicious upstream, or a caller, may send: bodies, values, headers and keys."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

_DEEP = 400
_DEEPER = 100_000

CONTROLS = "a\x00b\x07c\x1b[2Jd\r\ne\u0085f\u2028g\u202eh\ufeff"
LONG = "x" * 10_240
HTML = "<!doctype html><html><title>Sign in</title><script>alert(1)</script></html>"


def nested(depth: int) -> Any:
    """Make a list within a list, `depth` deep."""
    value: Any = []
    for _ in range(depth - 1):
        value = [value]
    return value


# Put in the place of every value of a recorded reply, one at a time.
VALUES: Mapping[str, Any] = {
    "null": None,
    "true": True,
    "zero": 0,
    "minus one": -1,
    "a fraction": 0.5,
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "a number of 401 digits": 10**400,
    "a number just beyond 64 bits": 2**64,
    "empty text": "",
    "a blank": " ",
    "control characters": CONTROLS,
    "10 kB of text": LONG,
    "a lone surrogate": "a\ud800b",
    "HTML": HTML,
    "a number as text": "1",
    "a date out of range": "9999-12-31T23:59:59.999999-23:59",
    "a date long ago": "0001-01-01T00:00:00+23:59",
    "an address": "observable:domain:example.com",
    "an upward path": "../../../../%2e%2e/secret?x=1#y",
    "text in other digits": "\u0661\u0662\u0663",
    "an empty list": [],
    "a list of null": [None],
    "an empty object": {},
    "an object": {"id": {"id": {}}},
    "400 lists in each other": nested(_DEEP),
}


def bodies(recorded: bytes) -> Iterator[tuple[str, bytes]]:
    """Give whole bodies that are wrong, some of them made from a good one."""
    yield "nothing", b""
    yield "blanks", b" \r\n "
    yield "HTML", HTML.encode()
    yield "the first half", recorded[: len(recorded) // 2]
    yield "two documents", recorded + recorded
    yield "bytes that are not UTF-8", b"\xff\xfe" + recorded
    yield "bytes that are not UTF-8 within text", recorded.replace(b'"', b'"\xc3\x28', 1)
    yield "UTF-16", recorded.decode("utf-8", "replace").encode("utf-16")
    yield "a byte order mark", b"\xef\xbb\xbf" + recorded
    yield "null", b"null"
    yield "a number", b"1"
    yield "text", b'"text"'
    yield "NaN", b"NaN"
    yield "an empty list", b"[]"
    yield "an empty object", b"{}"
    yield "a list of lists", b"[[]]"
    yield "400 lists in each other", json.dumps(nested(_DEEP)).encode()
    yield "100 000 lists in each other", b"[" * _DEEPER
    yield "100 000 objects in each other", b'{"a":' * _DEEPER
    yield "a number of 5000 digits", b"9" * 5000
    yield "a number of 5000 digits within", b'{"a":' + b"9" * 5000 + b"}"


HEADERS: Mapping[str, Mapping[str, str]] = {
    "no headers": {},
    "Retry-After: nonsense": {"retry-after": "soon"},
    "Retry-After: the past": {"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"},
    "Retry-After: below zero": {"retry-after": "-7"},
    "Retry-After: 400 digits": {"retry-after": "9" * 400},
    "Retry-After: control characters": {"retry-after": CONTROLS},
    "long headers": dict.fromkeys(("x-error", "x-error-id", "x-request-id", "content-type"), LONG),
    "control characters": dict.fromkeys(("x-error", "x-error-id", "x-request-id", "content-type"), CONTROLS),
}

# Texts that a user may paste. The long ones are what a backtracking expression would choke on.
TEXTS: Mapping[str, str] = {
    "nothing": "",
    "blanks": " \t\r\n\u00a0\u2028",
    "control characters": CONTROLS,
    "a lone surrogate": "https://a\ud800b.example/\ud800",
    "HTML": HTML,
    "a URL that cannot be parsed": "http://[::1/%zz?\ud83d",
    "a host of half an address": "https://[2001:db8::1",
    "a percent sign and no more": "urn%3Aadsk%",
    "base64 of no text": "dXJuOmFkc2v____",
    "digits of another script": "\u0661.\u0662.\u0663.\u0664/\u0662\u0664",
    "5000 digits": "AS" + "9" * 5000,
    "many labels": "a." * 8192,
    "many hyphens": "a-" * 8192 + "!",
    "many numbers": "1." * 8192,
    "many colons": ":" * 16_384,
    "many at signs": "a@" * 8192,
    "many opening brackets": "[" * 16_384,
    "many brackets": "[.]" * 5461,
    "many quotes": "'\"" * 8192,
    "many slashes": "https:" + "/" * 16_384,
    "many schemes": "hxxp://" * 2340,
    "many parameters": "https://acc.autodesk.com/?" + "projects=a&" * 1489,
    "a URL with a blank at its end": "https://" + "a" * 16_384 + " b",
    "16 KiB of hexadecimal digits": "a1" * 8192,
    "16 KiB beyond ASCII": "é" * 8192,
    "64 KiB beyond ASCII": "https://example.com/" + "é" * 32_768,
}

# Keys a caller may put into an address. Each is valid as such: 1 to 65 536 bytes of UTF-8.
KEYS: Mapping[str, str] = {
    "control characters": CONTROLS,
    "10 kB": LONG,
    "65 536 bytes": "é" * 32_768,
    "an upward path": "../../../../etc",
    "dots": "..",
    "an encoded upward path": "%2e%2e%2f%2e%2e",
    "a query and a fragment": "a?limit=1&b=c#d",
    "a URL": "https://example.com:99999/a b/?c=d;e#{3D}",
    "separators": ":::",
    "quotes": "\"'\\`$(x)",
    "a blank": " ",
    "a line end": "a\r\nhost: example.com",
    "another script": "пример.испытание \U0001f310 e\u0301",
    "half a percent": "100%",
}
