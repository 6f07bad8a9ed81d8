"""URLs, parsed and written again the way Go's net/url does: the feeds hash what it writes.

A `#` begins no fragment (a request has none): in a path it is escaped, in a query it stays.
"""

import re
from ipaddress import IPv6Address
from urllib.parse import quote, unquote_to_bytes

from connectors.observable.form import Form
from connectors.observable.text import lower_runes

_CONTROL = re.compile("[\x00-\x1f\x7f]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
# What Go leaves as it is in a path that somebody wrote, and what it escapes when it writes one.
_WRITTEN_PATH = re.compile(r"[A-Za-z0-9_.~$&+,/:;=@!'()*\[\]%-]*")
_PATH_SAFE = "$&+,/:;=@"
_USER = re.compile(r"[A-Za-z0-9._:~!$&'()*+,;=%@-]*")
_USER_SAFE = "$&+,;="
# A host may escape only what is not ASCII, and the percent sign itself.
_HOST = re.compile(r"""(?:[A-Za-z0-9_.~!$&'()*+,;=:\[\]<>"-]|[^\x00-\x7f]|%25|%[89A-Fa-f][0-9A-Fa-f])*""")
_HOST_SAFE = "!$&'()*+,;=:[]<>\""
_PORT = re.compile(r":[0-9]*")
_LITERAL = re.compile(r"\[([0-9A-Fa-f:.]+)(%25[A-Za-z0-9._~-]+)?\](:[0-9]*)?")


def spell_url(value: str) -> str | None:
    """Write a request URI again, absolute or a bare path; None when Go would not parse it."""
    if not value or _CONTROL.search(value):
        return None
    if value == "*":
        return value
    match = _SCHEME.fullmatch(value)
    scheme, rest = (f"{match[1].lower()}:", match[2]) if match else ("", value)
    rest, mark, query = rest.partition("?")
    tail = mark + query
    if not rest.startswith("/"):
        return f"{scheme}{rest}{tail}" if scheme else None
    if not (scheme and rest.startswith("//")):
        path = _spell_path(rest)
        return None if path is None else f"{scheme}{path}{tail}"
    authority, slash, path_text = rest[2:].partition("/")
    spelled, path = _spell_authority(authority), _spell_path(slash + path_text)
    if spelled is None or path is None:
        return None
    slashes = "//" if spelled or path else ""
    return f"{scheme}{slashes}{spelled}{path}{tail}"


def _spell_path(path: str) -> str | None:
    if _LONE_PERCENT.search(path):
        return None
    if _WRITTEN_PATH.fullmatch(path):
        return path
    return quote(unquote_to_bytes(path), safe=_PATH_SAFE)


def _spell_authority(authority: str) -> str | None:
    user, at, host_text = authority.rpartition("@")
    host = _spell_host(host_text)
    if host is None or not _USER.fullmatch(user) or _LONE_PERCENT.search(user):
        return None
    name, colon, password = user.partition(":")
    return f"{_spell_user(name)}{colon}{_spell_user(password)}{at}{host}"


def _spell_user(part: str) -> str:
    return quote(unquote_to_bytes(part), safe=_USER_SAFE)


def _spell_host(host: str) -> str | None:
    if host.startswith("["):
        return _spell_literal(host)
    _, colon, port = host.rpartition(":")
    if not _HOST.fullmatch(host) or not (not colon or _PORT.fullmatch(colon + port)):
        return None
    try:
        decoded = unquote_to_bytes(host).decode()
    except UnicodeDecodeError:
        return None
    return quote(lower_runes(decoded), safe=_HOST_SAFE)


def _spell_literal(host: str) -> str | None:
    match = _LITERAL.fullmatch(host)
    if match is None:
        return None
    try:
        IPv6Address(match[1])
    except ValueError:
        return None
    return host.lower()


def _is_absolute(value: str) -> bool:
    return _SCHEME.fullmatch(value) is not None


URL = Form(spell_url, _is_absolute, "an absolute URL, such as https://example.com/path")
