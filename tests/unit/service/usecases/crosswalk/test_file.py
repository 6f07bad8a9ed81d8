"""Reading crosswalk files: both forms, and every mistake with its line."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.cache.crosswalk import WrittenRow
from service.usecases.crosswalk.file import COLUMNS, PlacedRow, parse_file, shown

HEADER = "address,same_as,source,confidence"
GOOD = {"address": "n:t:a", "same_as": "n:t:b", "source": "cmdb", "confidence": 0.9}


def csv_rows(text: str) -> list[PlacedRow]:
    """Read a file without mistakes."""
    rows, mistakes = parse_file(text.encode(), name="f")
    assert mistakes == []
    return rows


def mistakes_of(text: str | bytes) -> list[str]:
    """Read a file and give its mistakes."""
    return parse_file(text if isinstance(text, bytes) else text.encode(), name="f")[1]


def json_line(**changes: Any) -> str:
    """Write a row, changed; None takes a member away."""
    return json.dumps({name: value for name, value in (GOOD | changes).items() if value is not None})


def test_csv_is_read_by_its_header() -> None:
    """Columns may stand in any order, with blanks, quotes, other line ends, and empty lines between."""
    text = (
        "\ufeffsource, same_as ,address,visibility,confidence\r\n"
        'cmdb, n:t:b,"n:t:a, ""x""\r\ny", acc ; tw;acc ,.5\r\n\r\n,,,,\r\n'
        "jane,n@c:t:d:e,n:t:c ,,1"
    )
    assert csv_rows(text) == [
        PlacedRow("f:2", WrittenRow('n:t:a, "x"\r\ny', "n:t:b", "cmdb", 0.5, ("acc", "tw"))),
        PlacedRow("f:6", WrittenRow("n:t:c ", "n@c:t:d:e", "jane", 1.0, ())),
    ]


def test_the_header_as_the_documentation_writes_it_works() -> None:
    """A blank behind each comma, in the header and in the rows, is how people write."""
    text = "address, same_as, source, confidence\nn:t:a, n:t:b, the cmdb, 1e-1\n"
    assert csv_rows(text) == [PlacedRow("f:2", WrittenRow("n:t:a", "n:t:b", "the cmdb", 0.1))]


def test_json_lines_are_read() -> None:
    """One object a line, whatever other line ends of Unicode stand inside a string."""
    line = json.dumps(GOOD | {"address": "n:t:\u2028", "visibility": ["acc"]}, ensure_ascii=False)
    text = f"\n{line}\r\n{json_line(confidence=1)}"
    assert csv_rows(text) == [
        PlacedRow("f:2", WrittenRow("n:t:\u2028", "n:t:b", "cmdb", 0.9, ("acc",))),
        PlacedRow("f:3", WrittenRow("n:t:a", "n:t:b", "cmdb", 1.0)),
    ]


keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(keys, st.floats(0, 1))
def test_any_key_survives_json_lines(key: str, confidence: float) -> None:
    """What an address may hold, a row may hold."""
    rows, mistakes = parse_file(json_line(address=f"n:t:{key}", confidence=confidence).encode(), name="f")
    assert mistakes == []
    assert rows == [PlacedRow("f:1", WrittenRow(f"n:t:{key}", "n:t:b", "cmdb", confidence))]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["f:1: no header line; the first is to be: " + ",".join(COLUMNS)]),
        ("address,same_as\n", ["f:1: the header lacks 'source'", "f:1: the header lacks 'confidence'"]),
        (f"{HEADER},note\n", ["f:1: 'note' is no column of a crosswalk"]),
        (f"{HEADER},source\n", ["f:1: the header names 'source' twice"]),
        (f"\n{HEADER}\nn:t:a,n:t:b\n", ["f:3: 2 fields, where the header names 4"]),
        (f'{HEADER}\nn:t:a,"n:t:b"x,c,1\n', ["f:2: not CSV: ',' expected after '\"'"]),
        (f'{HEADER}\nn:t:a,"n:t:b,c,1\n', ["f:2: not CSV: unexpected end of data"]),
        (f"{HEADER}\nn:t:a,n:t:b,c,high\n", ["f:2: confidence: 'high' is no number from 0 to 1"]),
        (f"{HEADER}\nn:t:a,n:t:b,c,1.5\n", ["f:2: confidence: this is no number from 0 to 1"]),
        (f"{HEADER}\nn:t:a,n:t:b,c,nan\n", ["f:2: confidence: 'nan' is no number from 0 to 1"]),
        (f"{HEADER}\nn:t:a,n:t:b,c,\n", ["f:2: confidence: '' is no number from 0 to 1"]),
        (f"{HEADER},visibility\nn:t:a,n:t:b,c,1,;\n", ["f:2: visibility: '' cannot be the name of a source"]),
        (f"{HEADER}\nn:t:a,n:t,c,1\n", ["f:2: same_as: 'n:t' is no node: namespace:type:key is"]),
        (
            f"{HEADER}\nn@:t:a,n:t:\x1b[2J,,1\n",
            [
                "f:2: address: 'n@:t:a': the tenant after '@' is empty",
                "f:2: source: who says so, in 1 to 256 characters that can be seen",
            ],
        ),
        ("{", ["f:1: not a JSON object on one line"]),
        (f"{json_line()}\n[]\n", ["f:2: not a JSON object on one line"]),
        ("{" + '"a":[' * 100_000, ["f:1: not a JSON object on one line"]),
        ('{"source": NaN}', ["f:1: not a JSON object on one line"]),
        ('{"source": "a", "source": "b"}', ["f:1: names 'source' twice"]),
        (json_line(source=None), ["f:1: 'source' is missing"]),
        (json_line(note="x\x1b"), ["f:1: 'note' is no column of a crosswalk"]),
        (json_line(**{"\x1b[2J": 1}), [r"f:1: '\x1b[2J' is no column of a crosswalk"]),
        (json_line(address=1), ["f:1: address: has to be text"]),
        (
            json_line(address="n:t:\ud800"),
            [r"f:1: address: 'n:t:\ud800': " + "an address is Unicode text without lone surrogates"],
        ),
        (json_line(source="x" * 257), ["f:1: source: who says so, in 1 to 256 characters that can be seen"]),
        (json_line(source="\u202e"), ["f:1: source: who says so, in 1 to 256 characters that can be seen"]),
        (json_line(confidence=True), ["f:1: confidence: this is no number from 0 to 1"]),
        (json_line(confidence="0.9"), ["f:1: confidence: '0.9' is no number from 0 to 1"]),
        (json_line(confidence=-0.1), ["f:1: confidence: this is no number from 0 to 1"]),
        (json_line(visibility="acc"), ["f:1: visibility: has to be a list of names of sources"]),
        (json_line(visibility=[1]), ["f:1: visibility: has to be a list of names of sources"]),
        (
            json_line(visibility=["Two Words"]),
            ["f:1: visibility: 'Two Words' cannot be the name of a source"],
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, told: list[str]) -> None:
    """Each says where it is and what is wrong, in characters fit for a terminal."""
    assert mistakes_of(text) == told


def test_every_mistake_of_a_file_is_told_and_the_good_rows_are_read() -> None:
    """One mistake hides no other."""
    text = f'{HEADER}\nbad,n:t:b,c,2\nn:t:a,"x"y,c,1\nn:t:a,n:t:b,c,1\nn:t:a\n'
    rows, mistakes = parse_file(text.encode(), name="f")
    assert [row.place for row in rows] == ["f:4"]
    assert [mistake.split(":")[1] for mistake in mistakes] == ["2", "2", "3", "5"]


def test_bytes_that_are_no_text_are_told_by_their_line() -> None:
    """The line of the first byte that is no UTF-8."""
    assert mistakes_of(f"{HEADER}\nn:t:a,n:t:".encode() + b"\xff,c,1\n") == ["f:2: not text in UTF-8"]


def test_what_is_shown_is_escaped_and_short() -> None:
    """Nothing of a file reaches a terminal as it is, or fills it."""
    assert shown("\x1b\u202e") == r"'\x1b\u202e'"
    assert len(shown("x" * 1000)) < 100
