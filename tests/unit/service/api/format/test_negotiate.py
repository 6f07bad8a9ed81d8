"""Tests of the choice of a format."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.format.media import Format
from service.api.format.negotiate import choose_format

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
TOKENS = st.sampled_from([*'/*;,="\\ q01.', "application", "json", "text", "csv", "q=", ";q=0.5", "*/*"])


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "json"),
        ("  ", "json"),
        ("*/*", "json"),
        ("application/*", "json"),
        (BROWSER, "json"),
        ("application/json", "json"),
        ("APPLICATION/JSON; Charset=UTF-8", "json"),
        ("application/x-ndjson", "ndjson"),
        ("application/vnd.cytoscape+json", "cytoscape"),
        ("application/graphml+xml", "graphml"),
        ("application/gexf+xml", "gexf"),
        ("text/vnd.graphviz", "dot"),
        ("text/vnd.mermaid", "mermaid"),
        ("text/csv;header=present", "csv"),
    ],
)
def test_a_format_has_its_media_type(accept: str, chosen: str) -> None:
    """Asked for by name, in any case and with any parameters; who takes anything gets JSON."""
    assert choose_format(accept) == chosen


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("application/json;q=0.5, text/csv;q=0.6", "csv"),
        ("text/csv;q=0.5,application/json", "json"),
        ("text/csv ; q=0.001 , image/png", "csv"),
        ("application/json;q=0.4, text/*;q=0.5", "dot"),
        ("text/csv;q=1.000, application/json;q=0.999", "csv"),
        ("image/png, ,application/gexf+xml,", "gexf"),
    ],
)
def test_the_greatest_weight_wins(accept: str, chosen: str) -> None:
    """A range without a weight has 1."""
    assert choose_format(accept) == chosen


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("*/*, application/json;q=0.1", "ndjson"),
        ("application/*;q=0.9, application/json;q=0.2, text/csv;q=0.5", "ndjson"),
        ("text/*;q=0.3, text/csv;q=0.7, application/json;q=0.5", "csv"),
        ("*/*;q=0.9, application/*;q=0.1", "dot"),
        ("text/csv;q=0.2, text/csv;q=0.8, application/json;q=0.5", "csv"),
    ],
)
def test_the_narrowest_range_speaks_for_a_format(accept: str, chosen: str) -> None:
    """A wide range's weight does not count where a narrower one fits."""
    assert choose_format(accept) == chosen


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("text/csv, application/json", "json"),
        ("text/csv, */*", "csv"),
        ("application/graphml+xml, application/*", "graphml"),
    ],
)
def test_of_equals_the_one_that_is_named_comes_first(accept: str, chosen: str) -> None:
    """Then the order of the formats, which begins with JSON."""
    assert choose_format(accept) == chosen


@pytest.mark.parametrize(
    "accept",
    [
        "image/png",
        "application/json;q=0",
        "application/json;q=0.000, text/csv;q=0",
        "*/*;q=0",
        "application/xml",
        "json",
        "application/json;q=nan",
        "application/json;q=1.5",
        "application/json;q=",
        "*/csv",
    ],
)
def test_nothing_acceptable_is_nothing(accept: str) -> None:
    """A weight of 0, or one that is none, takes a format out; so does not naming it."""
    assert choose_format(accept) is None


def test_an_excluded_format_is_not_sent() -> None:
    """Whoever takes anything but JSON gets something else."""
    assert choose_format("*/*, application/json;q=0") not in {None, Format.JSON}


def test_quoted_parameters_end_no_range() -> None:
    """A comma, semicolon or quote within quotes is text."""
    assert choose_format('application/json;profile="a,text/csv;q=0;\\"";q=0.2, text/csv;q=0.1') is Format.JSON


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [("", "dot"), ("*/*", "dot"), ("text/csv, application/json;q=0.1", "json"), ("text/csv", None)],
)
def test_only_what_is_offered_is_chosen(accept: str, chosen: str | None) -> None:
    """Where there are fewer formats, the first of them is for whoever takes anything."""
    assert choose_format(accept, offered=(Format.DOT, Format.JSON)) == chosen


@given(st.lists(TOKENS, max_size=30).map("".join))
def test_any_header_has_an_answer(accept: str) -> None:
    """Whatever a caller sends, it is a format or none, never an error."""
    assert choose_format(accept) in {None, *Format}


@pytest.mark.parametrize("format", Format)
def test_the_parameter_wins(format: Format) -> None:
    """Whatever the header says, even that the format is not acceptable."""
    assert choose_format("application/json;q=0.1, image/png", parameter=format) is format
