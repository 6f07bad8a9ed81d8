"""What a URL of the store may be: the one check, for the settings and for whoever opens a client."""

import re
from urllib.parse import SplitResult, urlsplit

CLUSTER = "redis+cluster"
_OVER_TCP = ("redis", "rediss", CLUSTER)
_DATABASE = re.compile(r"[0-9]{0,9}")
_SOCKET_OPTION = re.compile(r"db=[0-9]{1,9}|username=[^&]+|password=[^&]+")
_FORMS = "redis://host:6379/0, rediss://…, redis+cluster://… or unix:///path/of/socket"


def check_store_url(url: str) -> str:
    """Give the URL back if a client can be opened on it; ValueError in words that repeat none of it.

    The client would take options from the query, its time limits and codecs among them; those are
    not for the URL to say. A socket's path leaves no room for the database and who asks: they are
    its only options.
    """
    parts = _split(url)
    if parts.scheme == "unix":
        if parts.hostname or not parts.path.strip("/"):
            raise ValueError("a socket is written unix:///path/of/socket, with three slashes")
        options = parts.query.split("&") if parts.query else []
        if not all(map(_SOCKET_OPTION.fullmatch, options)) or "#" in url:
            raise ValueError("may carry no options but db, username and password, as ?db=1")
        return url
    if parts.scheme not in _OVER_TCP or not parts.hostname:
        raise ValueError(f'write "embedded", {_FORMS}')
    if "?" in url or "#" in url:
        raise ValueError("may carry no options")
    database = parts.path.removeprefix("/")
    if not _DATABASE.fullmatch(database):
        raise ValueError("behind the host only the number of the database may stand")
    if parts.scheme == CLUSTER and database.strip("0"):
        raise ValueError("a cluster has no database but 0")
    return url


def _split(url: str) -> SplitResult:
    # The parser drops blanks and line ends silently, and its own words repeat what it cannot read:
    # a password with a "/" in it looks like a port.
    if " " in url or not url.isprintable():
        raise ValueError("holds a blank or a character that cannot be seen")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError(
            "the port is a number from 1 to 65535; in a password / ? # and @ are percent-encoded"
        ) from None
    return parts
