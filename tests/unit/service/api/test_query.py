"""Tests of reading paths and query strings strictly."""

from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import InvalidNodeIdError, InvalidParameterError
from service.api.query import listed, read_name, read_path, read_query, single

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT, st.sampled_from(["", "/", "/:@!$&'()*+,;="]))
def test_a_path_gives_back_what_was_quoted(text: str, literal: str) -> None:
    """Whatever is left literal, percent-encoding a text and reading it is the identity."""
    assert read_path(b"/graph/" + quote(text, safe=literal).encode(), prefix="/graph/") == text


@given(TEXT)
def test_a_path_is_decoded_once(text: str) -> None:
    """An address that itself looks percent-encoded stays so."""
    once = quote(text, safe="")
    assert read_path(b"/graph/" + quote(once, safe="").encode(), prefix="/graph/") == once


def test_a_prefix_may_be_encoded_too() -> None:
    """Routing decodes the path before it compares, so what is cut off is the decoded prefix."""
    assert read_path(b"/graph/%7Eabc", prefix="/graph/~") == "abc"
    assert read_path(b"/%67raph%2Fa%2Fb", prefix="/graph/") == "a/b"


@pytest.mark.parametrize("raw", [b"%ff", b"%ed%a0%80", b"a%c3", b"%c0%af"])
def test_a_path_is_utf8(raw: bytes) -> None:
    """Lone surrogates, cut characters and overlong forms are refused, never replaced."""
    with pytest.raises(InvalidNodeIdError):
        read_path(b"/graph/" + raw, prefix="/graph/")


@given(st.dictionaries(TEXT.filter(bool), st.lists(TEXT, min_size=1, max_size=3), max_size=5))
def test_a_query_gives_back_what_was_encoded(found: dict[str, list[str]]) -> None:
    """Names and values come back in order, with spaces written either way."""
    for how in (quote, quote_plus):
        raw = urlencode(found, doseq=True, quote_via=how).encode()
        assert read_query(raw) == found


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"", {}),
        (b"&&", {}),
        (b"a", {"a": [""]}),
        (b"a=b=c", {"a": ["b=c"]}),
        (b"a=1;b=2", {"a": ["1;b=2"]}),
        (b"a+b=c+d%2Be", {"a b": ["c d+e"]}),
        (b"=x", {"": ["x"]}),
        (b"%ff=x", {"\\xff": ["x"]}),
    ],
)
def test_a_query_is_read_as_it_stands(raw: bytes, found: dict[str, list[str]]) -> None:
    """Only '&' separates, only the first '=' divides, and '+' is a space."""
    assert read_query(raw) == found


def test_a_value_that_is_not_utf8_is_named() -> None:
    """The error says which parameter it is."""
    with pytest.raises(InvalidParameterError) as caught:
        read_query(b"hops=1&relation=%ff")
    assert caught.value.field == "relation"


def test_a_name_is_never_mistaken_for_another() -> None:
    """Bytes that are no character are spelled out, so that no known name comes of them."""
    assert read_name(b"%6eode") == "node"
    assert read_name(b"node%ff") == "node\\xff"


def test_a_single_parameter_stands_once() -> None:
    """Absent is None; empty, or given twice, is an error; taken is taken."""
    found = {"hops": ["1"], "sort": [""], "order": ["asc", "asc"]}
    assert single(found, "hops") == "1"
    assert single(found, "hops") is None
    for name in ("sort", "order"):
        with pytest.raises(InvalidParameterError) as caught:
            single(found, name)
        assert caught.value.field == name


def test_a_list_is_comma_separated_or_repeated() -> None:
    """Both forms mix, and what comes twice counts once."""
    assert listed({"a": ["x,y", "z", "x"]}, "a") == ("x", "y", "z")
    assert listed({}, "a") is None


@pytest.mark.parametrize("value", ["", ",", "a,", "a,,b"])
def test_a_list_has_no_empty_items(value: str) -> None:
    """An empty item is somebody's mistake, not nothing."""
    with pytest.raises(InvalidParameterError):
        listed({"a": [value]}, "a")
