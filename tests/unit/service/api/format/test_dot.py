"""Tests of DOT as text."""

import pytest

from harness.written import about, edge, hostile, multigraph, node
from service.api.format.dot import write_dot
from service.api.format.written import Written


def test_defect_12_parallel_edges_are_statements_of_their_own() -> None:
    """The graph is not strict, which would merge them."""
    text = write_dot(multigraph()).decode("utf-8")
    assert text.startswith("graph {\n")
    assert text.count('"observable:domain:a.example" -- "observable:domain:b.example"') == 3


def test_an_undirected_edge_among_directed_ones_has_no_arrow() -> None:
    """A digraph holds both."""
    text = write_dot(multigraph(directed=(True, False, True))).decode("utf-8")
    edges = [line for line in text.splitlines() if " -> " in line]
    assert text.startswith("digraph {\n")
    assert ['"dir"="none"' in line for line in edges] == [False, True, False, True]
    assert ['"style"="dashed"' in line for line in edges] == [False, False, True, False]


@pytest.mark.parametrize(
    ("label", "written"),
    [
        ("C:\\Windows\\", '"label"="C:\\\\Windows\\\\"'),
        ('a "b"', '"label"="a \\"b\\""'),
        ("a\nb", '"label"="a\\nb"'),
        ("&lt;", '"label"="&amp;lt;"'),
        ("<b>x</b>", '"label"="<b>x</b>"'),
        ("\x1b[0m", '"label"="_x001B_[0m"'),
    ],
)
def test_a_label_draws_what_the_text_says(label: str, written: str) -> None:
    """Graphviz' own escapes and references are written so that they mean themselves."""
    assert written in write_dot(Written(about(), [node("a", label=label)], [])).decode("utf-8")


def test_one_statement_is_one_line() -> None:
    """No hostile value begins another: there are as many lines as statements."""
    written = hostile()
    lines = write_dot(written).decode("utf-8").split("\n")
    fields = [value for value in written.about.values() if value is not None]
    assert len(lines) == len(fields) + len(written.nodes) + len(written.edges) + len(["head", "tail", "end"])


def test_nodes_of_another_page_are_marked() -> None:
    """They would come into being unmarked."""
    text = write_dot(Written(about(), [node("a.example")], [edge("e1", "b.example")])).decode("utf-8")
    assert '"observable:domain:b.example" ["elsewhere"="true"];' in text
