"""What the URL of one server says: the way there, and the words it is greeted with."""

from typing import Any

import pytest

from connectors.errors import ConfigurationError
from service.adapters.redis_server import read_server

PING = ("PING",)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://h", (None, "h", 6379, False, (PING,))),
        ("REDIS://h:1/0", (None, "h", 1, False, (PING,))),
        ("redis://:p%2Fw@[::1]:1/2", (None, "::1", 1, False, (("AUTH", "p/w"), ("SELECT", 2), PING))),
        ("rediss://me:p%2525@h:1/", (None, "h", 1, True, (("AUTH", "me", "p%25"), PING))),
        ("redis://me@h", (None, "h", 6379, False, (("AUTH", "me", ""), PING))),
        ("unix:///run/a%20b", ("/run/a b", "localhost", 6379, False, (PING,))),
        (
            "unix:///s?username=me&password=p%2Fw&db=2",
            ("/s", "localhost", 6379, False, (("AUTH", "me", "p/w"), ("SELECT", 2), PING)),
        ),
    ],
)
def test_a_url_says_the_way_and_the_greeting(url: str, told: tuple[Any, ...]) -> None:
    """Who asks, and for which database, is said first; what is percent-encoded is meant literally."""
    server = read_server(url)
    assert (server.path, server.host, server.port, server.secured, server.greeting) == told


@pytest.mark.parametrize("url", ["http://canary", "redis://me:canary/9@h", "redis://[::canary"])
def test_a_url_that_cannot_be_read_is_not_repeated(url: str) -> None:
    """It may hold a password."""
    with pytest.raises(ConfigurationError) as raised:
        read_server(url)
    assert "canary" not in str(raised.value)


def test_no_password_is_shown() -> None:
    """Neither is the user."""
    assert "canary" not in repr(read_server("rediss://canary-me:canary-word@h"))
