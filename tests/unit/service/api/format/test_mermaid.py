"""Tests of the mermaid flowchart as text."""

import re

from harness.written import about, edge, hostile, large, multigraph, node
from service.api.format.mermaid import LONGEST_TEXT, write_mermaid
from service.api.format.written import Written

LINE = re.compile(
    r'flowchart LR|acc(?:Title|Descr): [\w#;]+|classDef [\w :.-]+|class n\d+ \w+|n\d+\["[\w#;]+"\]'
    r'|n\d+ -\.?-?-?>?\|"[\w#;]+"\| n\d+'
)


def test_no_value_is_anything_but_letters_digits_and_references() -> None:
    """Every line is one of ours, and a value never ends its label."""
    lines = write_mermaid(hostile()).decode("utf-8").splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []


def test_defect_12_parallel_edges_are_drawn_each() -> None:
    """With the relation and who says so, a line without an arrow if undirected, broken if deleted."""
    text = write_mermaid(multigraph(directed=(True, False, True))).decode("utf-8")
    assert [line for line in text.splitlines() if line.startswith("n0 ")] == [
        'n0 -->|"related#95;to#32;#40;tw#41;"| n1',
        'n0 ---|"related#95;to#32;#40;acc#41;"| n1',
        'n0 -.->|"resolves#95;to#32;#40;tw#41;"| n1',
        'n0 ---|"related#95;to#32;#40;tw#41;"| n0',
    ]


def test_nodes_show_what_became_of_them() -> None:
    """The seeds, what was cut or failed, and what an earlier page has."""
    nodes = [node("a.example"), node("b", expansion="cut"), node("c", expansion="failed"), node("d")]
    seeds = [{"seed": f"observable:domain:{key}"} for key in ("a.example", "d")]
    told = about(seed=None, requested=None, seeds=seeds)
    text = write_mermaid(Written(told, nodes, [edge("e1", "e")])).decode("utf-8")
    assert "a#46;example#44;#32;observable#58;domain#58;d\n" in text.partition("accDescr")[0]
    classes = [line for line in text.splitlines() if line.startswith("class ")]
    assert classes == [
        *("class n0 seed", "class n1 cut", "class n2 failed", "class n3 seed", "class n4 elsewhere")
    ]


def test_long_texts_are_cut_visibly() -> None:
    """A label is to be looked at; the address beside it is cut by itself."""
    text = write_mermaid(Written(about(), [node("k" * 9000, label="l" * 9000)], [])).decode("utf-8")
    label = re.findall(r'n0\["(.*)"\]', text)[0]
    assert label.startswith("l" * (LONGEST_TEXT - 1) + "#8230;#32;#91;observable#58;domain#58;kkk")
    assert label.endswith("k#8230;#93;")


def test_a_picture_that_mermaid_would_refuse_says_so() -> None:
    """Up to its limits there is no such line."""
    assert "%% 502 edges" in write_mermaid(large(502)).decode("utf-8")
    assert "%%" not in write_mermaid(multigraph()).decode("utf-8")


def test_an_incomplete_answer_says_so() -> None:
    """In the description that mermaid puts into the picture."""
    cut = about(complete=False, truncated=["max_nodes"])
    assert "accDescr: The#32;answer#32;is#32;complete#46;" in write_mermaid(Written(about(), [], [])).decode()
    assert "tw#32;ok#46;#32;Cut#32;by#58;#32;max#95;nodes" in write_mermaid(Written(cut, [], [])).decode()
