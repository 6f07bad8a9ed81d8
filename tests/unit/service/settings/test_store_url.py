"""Which URLs of a store are taken, and that a refusal repeats nothing of them."""

import re
from datetime import timedelta

import pytest

from connectors.errors import ConfigurationError
from service.adapters.redis_client import open_client
from service.settings.store_url import check_store_url


@pytest.mark.parametrize(
    "url",
    [
        "redis://h",
        "redis://h/",
        "REDIS://h:6379/15",
        "rediss://me:p%2Fw@h:1/2",
        "redis://[::1]:6379/0",
        "redis+cluster://h:7000",
        "redis+cluster://h:7000/0",
        "REDIS+CLUSTER://h",
        "unix:///run/redis.sock",
        "unix://me:canary@/run/redis.sock?db=1",
        "unix:///run/redis.sock?username=me&password=canary&db=2",
    ],
)
def test_what_is_taken_opens_a_client(url: str) -> None:
    """A URL that passes the check is one that the client can be made from."""
    assert check_store_url(url) == url
    assert open_client(url, timeout=timedelta(seconds=1), connections=1) is not None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("rediss+cluster://canary", "write"),
        ("http://canary", "write"),
        ("redis://", "write"),
        ("redis://h/0?decode_responses=true", "no options"),
        ("redis://h?socket_timeout=canary", "no options"),
        ("redis://h/?db=1", "no options"),
        ("redis://h/0#canary", "no options"),
        ("redis://h/canary", "number of the database"),
        ("redis://h/0/1", "number of the database"),
        ("redis://h/-1", "number of the database"),
        ("redis+cluster://h/1", "no database but 0"),
        ("redis://me:canary/9@h", "percent-encoded"),
        ("redis://h:0", "percent-encoded"),
        ("redis://[::canary", "percent-encoded"),
        ("redis://me:ca\u2100nary@h", "percent-encoded"),
        (" redis://h", "blank"),
        ("redis://h\n", "blank"),
        ("unix://canary/redis.sock", "three slashes"),
        ("unix:///", "three slashes"),
        ("unix:///s?db=canary", "?db=1"),
        ("unix:///s?db=1&socket_timeout=9", "?db=1"),
        ("unix:///s?password=", "?db=1"),
        ("unix:///s#db", "?db=1"),
    ],
)
def test_what_is_refused_is_not_repeated(url: str, why: str) -> None:
    """Settings and client refuse the same, each option among it, and a password is in no message."""
    with pytest.raises(ValueError, match=re.escape(why)) as caught:
        check_store_url(url)
    assert "canary" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="redis_url") as refused:
        open_client(url, timeout=timedelta(seconds=1), connections=1)
    assert "canary" not in str(refused.value)
