"""E-mail addresses."""

import pytest

from connectors.errors import InvalidNodeIdError
from connectors.observable import normalise


@pytest.mark.parametrize(
    ("typed", "spelled"),
    [
        ("Test+1@Example.com", "test+1@example.com"),
        ("John Q. Public <John@Example.com>", "john@example.com"),
        ('"Public, \\"John\\"" <john@example.com>', "john@example.com"),
        ("<john@example.com>", "john@example.com"),
        ("jörg@exämple.de", "jörg@exämple.de"),
        ("a@localhost", "a@localhost"),
    ],
)
def test_the_bare_address_is_kept(typed: str, spelled: str) -> None:
    """A display name goes, the address is lower case."""
    assert normalise("email-address", typed) == spelled


@pytest.mark.parametrize(
    "typed",
    [
        "notanemail",
        "test@",
        "@example.com",
        "test @example.com",
        "a..b@example.com",
        ".a@example.com",
        "a@b@c.com",
        '"quoted part"@example.com',
        "a@example.com>",
        "x, y <a@example.com>",
        "<a@example.com> x",
        "",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    """Missing parts, stray dots and blanks, and quoted local parts are refused."""
    with pytest.raises(InvalidNodeIdError):
        normalise("email-address", typed)
