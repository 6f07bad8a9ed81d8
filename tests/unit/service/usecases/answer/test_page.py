"""What a page holds of an answer so far: what is new, and what has become different."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.graph.assemble import Records
from service.usecases.answer.page import page_of, sent_after


def _records(nodes: dict[str, int], edges: dict[str, int] | None = None) -> Records:
    told: Any = [{"id": name, "hop": hop} for name, hop in nodes.items()]
    related = [_edge(name, at) for name, at in (edges or {}).items()]
    return Records(told, related)


def _edge(name: str, at: int, *, record: str = "1") -> dict[str, Any]:
    return {"id": name, "provenance": [{"source": "s", "record": record, "fetched_at": f"{at}Z"}]}


states = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2), max_size=6)


@given(history=st.lists(states, min_size=1, max_size=6))
def test_folding_the_pages_gives_the_newest_records(history: list[dict[str, int]]) -> None:
    """Each record comes once as new and then only where it has changed, however the answer grows."""
    held: dict[str, int] = {}
    sent: dict[bytes, bytes] | None = None
    grown: dict[str, int] = {}
    for number, state in enumerate(history):
        # An answer grows and changes, and takes nothing back.
        grown |= state
        page = page_of(_records(grown), sent=sent)
        assert (page.amended is None) is (number == 0)
        new = {record["id"]: record["hop"] for record in page.records.nodes}
        changed = {record["id"]: record["hop"] for record in page.amended.nodes} if page.amended else {}
        assert new.keys().isdisjoint(held)
        assert changed.keys() <= held.keys()
        assert all(held[name] != hop for name, hop in changed.items())
        held |= new | changed
        sent = sent_after(page, before=sent or {})
    assert held == grown


def test_a_page_after_an_empty_one_is_not_a_first_page() -> None:
    """What has changed is told, and be it nothing, on every page but the first."""
    assert page_of(_records({}), sent=None).amended is None
    later = page_of(_records({"a": 0}), sent={})
    assert later.amended is not None
    assert (later.amended.nodes, later.amended.edges) == ([], [])


def test_a_relation_that_was_fetched_again_has_not_changed() -> None:
    """When it was fetched is nothing of it; who told it, and what, is."""
    first = page_of(_records({}, {"e": 1}), sent=None)
    sent = sent_after(first, before={})
    again = page_of(_records({}, {"e": 2}), sent=sent)
    assert again.amended is not None
    assert (again.records.edges, again.amended.edges) == ([], [])
    other = page_of(Records([], [_edge("e", 2, record="2")]), sent=sent)
    assert other.amended is not None
    assert [edge["id"] for edge in other.amended.edges] == ["e"]


def test_the_order_asked_for_is_kept() -> None:
    """New and changed records stand in the order of the answer."""
    sent = sent_after(page_of(_records({"c": 0, "a": 0}), sent=None), before={})
    page = page_of(_records({"d": 1, "c": 1, "b": 1, "a": 1}), sent=sent)
    assert page.amended is not None
    assert [node["id"] for node in page.records.nodes] == ["d", "b"]
    assert [node["id"] for node in page.amended.nodes] == ["c", "a"]


def test_what_only_json_can_write_is_told_apart_too() -> None:
    """A lone surrogate and a number beyond any machine's are part of what a record is."""
    for value, other in (("\ud800", "\ud801"), (2**80, 2**80 + 1)):
        first: Any = [{"id": "a", "attributes": {"s": {"told": value}}}]
        changed: Any = [{"id": "a", "attributes": {"s": {"told": other}}}]
        sent = sent_after(page_of(Records(first, []), sent=None), before={})
        same, another = page_of(Records(first, []), sent=sent), page_of(Records(changed, []), sent=sent)
        assert same.amended is not None
        assert another.amended is not None
        assert (len(same.amended.nodes), len(another.amended.nodes)) == (0, 1)
