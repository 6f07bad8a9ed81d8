"""URLs, as Go parses them and writes them again."""

import pytest

from connectors.errors import InvalidNodeIdError
from connectors.observable import normalise


@pytest.mark.parametrize(
    ("typed", "spelled"),
    [
        ("HTTPS://www.Example.com/heLLo?A=B", "https://www.example.com/heLLo?A=B"),
        ("http://example.com", "http://example.com"),
        ("http://example.com/a#b", "http://example.com/a%23b"),
        ("http://example.com/?q=#Z é", "http://example.com/?q=#Z é"),
        ("http://example.com/a b/é", "http://example.com/a%20b/%C3%A9"),
        ("http://example.com/a%2fb!", "http://example.com/a%2fb!"),
        ("http://example.com/%41%2f|", "http://example.com/A/%7C"),
        ("http://example.com/p?", "http://example.com/p?"),
        ("http://User:P%40ss@Example.com:8080/", "http://User:P%40ss@example.com:8080/"),
        ("http://a@b@example.com/", "http://a%40b@example.com/"),
        ("http://u!@example.com/", "http://u%21@example.com/"),
        ("http://EXÄMPLE.com/", "http://ex%C3%A4mple.com/"),
        ("http://[2001:DB8::1%25Eth0]:80/x", "http://[2001:db8::1%25eth0]:80/x"),
        ("http:/x", "http:/x"),
        ("http:///x", "http:///x"),
        ("http://", "http:"),
        ("MAILTO:Someone@Example.com?Subject=Hi", "mailto:Someone@Example.com?Subject=Hi"),
    ],
)
def test_urls_are_written_as_go_does(typed: str, spelled: str) -> None:
    """Scheme and host are lower case, a path is escaped where it must be, the rest stays."""
    assert normalise("url", typed) == spelled


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "*",
        "/relative",
        "example.com/x",
        ":80/",
        "1http://example.com/",
        "http://example.com/\x00",
        "http://example.com/\n",
        "http://example.com/%zz",
        "http://exa mple.com/",
        "http://example.com#f",
        "http://example.com:port/",
        "http://exam%70le.com/",
        "http://%ff.com/",
        "http://us er@example.com/",
        "http://%zz@example.com/",
        "http://[::1/",
        "http://[example]/",
        "http://[1.2.3.4.5:]/",
    ],
)
def test_what_is_no_absolute_url_is_refused(typed: str) -> None:
    """Relative references and what Go's parser refuses are refused."""
    with pytest.raises(InvalidNodeIdError):
        normalise("url", typed)
