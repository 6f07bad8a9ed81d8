"""Tests of CSV."""

import csv
from io import StringIO

import pytest

from harness.written import about, multigraph, node
from service.api.format.media import Table
from service.api.format.table import write_csv
from service.api.format.written import Written

NODES = "id,ref,namespace,tenant,type,key,label,url,hop,expansion,known_degree,attributes,aliases,sources"
EDGES = "id,subject,object,relation,directed,created_at,deleted_at,deleted,provenance"


def cell(label: str) -> str:
    """Give the cell that a label becomes."""
    text = write_csv(Written(about(), [node("a", label=label)], []), table=Table.NODES).decode("utf-8")
    return next(csv.DictReader(StringIO(text, newline="")))["label"]


@pytest.mark.parametrize(("table", "header"), [(Table.NODES, NODES), (Table.EDGES, EDGES)])
def test_the_columns_are_always_there(table: Table, header: str) -> None:
    """In the contract's order, also without a row."""
    assert write_csv(Written(about(), [], []), table=table).decode("utf-8") == f"{header}\r\n"


def test_what_else_is_told_follows() -> None:
    """Measures have a column each; a row without a value has an empty cell."""
    rows = list(csv.reader(StringIO(write_csv(multigraph(), table=Table.NODES).decode("utf-8"), newline="")))
    assert rows[0][14:] == ["measures.degree", "measures.pagerank", "same_as"]
    assert [row[14:] for row in rows[1:]] == [
        ["4", "0.25", ""],
        ["", "", '[{"rule":"hash","confidence":1.0}]'],
    ]


def test_defect_12_parallel_edges_are_rows_of_their_own() -> None:
    """With their direction, and who said each."""
    text = write_csv(multigraph(directed=(True, False, False)), table=Table.EDGES).decode("utf-8")
    rows = list(csv.DictReader(StringIO(text, newline="")))
    assert [(row["id"], row["directed"]) for row in rows] == [
        *(("e1", "true"), ("e2", "false"), ("e3", "false"), ("e4", "false")),
    ]
    assert '"source":"acc"' in rows[1]["provenance"]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "=1",
            "+1",
            "-1",
            "@a",
            "\t=1",
            "\r=1",
            "\n=1",
            "  =1",
            "\u200b=1",
            "\ufeff=1",
            "\uff1d1",
            "\uff0b1",
        ),
        *("\uff0d1", "\uff201", "'=1", "'a", "\ta", "\ra", "\na"),
    ],
)
def test_a_formula_is_text(text: str) -> None:
    """An apostrophe stands before it, and one before an apostrophe, so that taking one away restores it."""
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["", "a", "a=1", "1-2", "a@b.example", "1.5", " a", "a'b", "https://a.example"]
)
def test_other_text_is_as_it_was(text: str) -> None:
    """Nothing is put before what no spreadsheet calculates."""
    assert cell(text) == text


def test_numbers_stay_numbers() -> None:
    """A negative one is no formula."""
    text = write_csv(Written(about(), [node("a", measures={"m": -0.5}, hop=2)], []), table=Table.NODES)
    assert text.endswith(b",-0.5\r\n")
