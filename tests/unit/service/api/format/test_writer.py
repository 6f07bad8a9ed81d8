"""Tests of which function writes which format, and of what all have in common."""

import json
import time
from copy import deepcopy
from functools import cache

import pytest

from harness.costs import uncollected
from harness.written import hostile, large, multigraph, shown
from service.api.format.media import Format, Table
from service.api.format.writer import write_answer
from service.api.format.written import Written

WHOLE = [each for each in Format if each is not Format.NDJSON]
FIRST = {
    Format.JSON: b'{"graph":',
    Format.CYTOSCAPE: b'{"data":',
    Format.GRAPHML: b'<?xml version="1.0" encoding="UTF-8"?>\n<graphml',
    Format.GEXF: b'<?xml version="1.0" encoding="UTF-8"?>\n<gexf',
    Format.DOT: b"graph {",
    Format.MERMAID: b"flowchart",
    Format.CSV: b"id,ref,",
}


@pytest.mark.parametrize("format", WHOLE)
def test_every_format_but_the_stream_is_written(format: Format) -> None:
    """Each by its own writer."""
    assert write_answer(multigraph(), format=format).startswith(FIRST[format])


def test_a_stream_is_no_whole_answer() -> None:
    """It is written as things become known, elsewhere."""
    with pytest.raises(KeyError):
        write_answer(multigraph(), format=Format.NDJSON)


def test_a_table_is_chosen() -> None:
    """The nodes if nobody says otherwise."""
    assert write_answer(multigraph(), format=Format.CSV, table=Table.EDGES).startswith(b"id,subject,")


def test_json_is_what_the_records_say() -> None:
    """The three parts of the answer."""
    written = hostile()
    assert json.loads(write_answer(written, format=Format.JSON)) == {
        "graph": shown(written.about),
        "nodes": [shown(record) for record in written.nodes],
        "edges": [shown(record) for record in written.edges],
    }


@pytest.mark.parametrize("format", WHOLE)
def test_writing_changes_nothing_and_is_the_same_twice(format: Format) -> None:
    """The records are the graph's own; the same answer gives the same bytes."""
    written = hostile()
    before = deepcopy(written)
    assert write_answer(written, format=format) == write_answer(before, format=format)
    assert repr(written) == repr(before)


@pytest.mark.parametrize("format", WHOLE)
def test_every_document_is_utf8_and_leaves_terminals_alone(format: Format) -> None:
    """No text of an upstream reaches a screen as a control character, whoever prints the document.

    JSON leaves those beyond ASCII as they are, and so does Cytoscape's.
    """
    text = write_answer(hostile(), format=format).decode("utf-8")
    assert "\x1b" not in text
    assert "\x00" not in text
    if format not in {Format.JSON, Format.CYTOSCAPE}:
        assert "\x9b" not in text
        assert "\u202e" not in text


@cache
def large_once(size: int) -> Written:
    """Give a large answer, which takes much longer to make than to write."""
    return large(size)


@pytest.mark.parametrize("format", WHOLE)
def test_time_grows_with_the_answer_and_no_faster(format: Format) -> None:
    """8 000 edges take at most some 16 times what 1 000 take, and never many seconds."""

    def taken(size: int) -> float:
        written = large_once(size)
        with uncollected():
            before = time.process_time()
            write_answer(written, format=format, table=Table.EDGES)
            return time.process_time() - before

    small = min(taken(1_000) for _ in range(3))
    big = min(taken(8_000) for _ in range(2))
    assert big < max(16 * small, 0.2)
    assert big < 2
