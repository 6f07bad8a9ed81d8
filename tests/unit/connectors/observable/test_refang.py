"""Defanged text becomes what it was, and what is not defanged stays as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.observable.refang import refang


@pytest.mark.parametrize(
    ("defanged", "meant"),
    [
        ("hxxps://a[.]example/x", "https://a.example/x"),
        ("HXXP://a.example", "http://a.example"),
        ("h**p://a.example", "http://a.example"),
        ("fxps://a[.]example", "ftps://a.example"),
        ("http[:]//a.example", "http://a.example"),
        ("https[://]a[.]example", "https://a.example"),
        ("hxxp:\\\\a.example\\", "http://a.example\\"),
        ("https:\\/\\/a.example\\/x", "https://a.example/x"),
        ("a(.)example", "a.example"),
        ("a [dot] example", "a.example"),
        ("a\\.example", "a.example"),
        ("a[.example", "a.example"),
        ("a.]example", "a.example"),
        ("me[at]a[.]example", "me@a.example"),
        ("me at a dot example", "me@a.example"),
        ("2001[:]db8[:][:]1", "2001:db8::1"),
        ("a\uff0eexample", "a.example"),
        ("hxxp://a[.]example/x[.]php", "http://a.example/x.php"),
    ],
)
def test_what_was_defanged_is_mended(defanged: str, meant: str) -> None:
    """Each spelling in use, in the path too once the host was defanged."""
    assert refang(defanged) == meant


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example/x[.]y",
        "https://a.example/a(.)b?c=[:]",
        "http://[2001:db8::1]/x",
        "C:\\a\\.b",
        "meet me at noon",
        "[2001:db8::1]:443",
        "at dot",
        "x" * 400 + " dot example",
    ],
)
def test_what_is_as_it_should_be_stays(text: str) -> None:
    """A live URL may hold brackets, a path a backslash, a sentence the words."""
    assert refang(text) == text


@given(st.text(alphabet="hxtps:/\\[](){}.@ dota1", max_size=60))
def test_nothing_is_raised(text: str) -> None:
    """Whatever the marks make of each other, the text does not grow."""
    assert len(refang(text)) <= len(text)
