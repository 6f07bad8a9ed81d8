"""The search for paths over several pages, where calls or time run out on some of them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.model import Edge, NodeId, Outcome, undirected
from harness.reference import AMPLE, NODES, Row, allowed_arcs
from harness.rows import dense, orders, plain_rules, rules
from harness.searching import ask_page, find, simple_paths
from service.graph.path import PathSearch
from service.graph.rule import Rule

SEED, *OTHERS = NODES
A, B, C, D = (NodeId("n", None, "t", key) for key in "abcd")
both_list = dense.map(
    lambda world: [Row(row.source, row.edge, subject_lists=True, object_lists=True) for row in world[:14]]
)
cuts = st.dictionaries(
    st.sampled_from(NODES), st.sampled_from([Outcome.OVER_BUDGET, Outcome.TIMEOUT]), max_size=6
)


def _begin(
    seed: NodeId, target: NodeId, *, paths: int = 1, longest: int | None = None, rule: Rule | None = None
) -> PathSearch:
    return PathSearch(
        seed,
        target,
        paths=paths,
        longest=longest,
        rule=rule or Rule(),
        budget=AMPLE,
        cost=lambda _: 1,
        tells_all=lambda _: True,
    )


@settings(max_examples=50, deadline=None)
@given(
    world=both_list,
    target=st.sampled_from(OTHERS),
    rule=plain_rules,
    paths=st.integers(1, 16),
    pages=st.lists(cuts, min_size=1, max_size=4),
    shown=st.integers(0, 3),
    order=orders,
)
def test_the_last_page_is_that_of_a_search_without_trouble(
    *,
    world: list[Row],
    target: NodeId,
    rule: Rule,
    paths: int,
    pages: list[dict[NodeId, Outcome]],
    shown: int,
    order: int,
) -> None:
    """What ran out on earlier pages, shown in part or not at all, leaves no trace once all is told."""
    search = _begin(SEED, target, paths=paths, rule=rule)
    truth = simple_paths(allowed_arcs(world, rule), SEED, target)
    for troubles in pages:
        ask_page(search, world, troubles=troubles, shown=shown, order=order)
        assert all(path in truth for path in search.paths)
        assert search.verdict != "none" or not truth
        search.turn()
    ask_page(search, world, troubles={}, order=order)
    whole = find(world, SEED, target, paths=paths, rule=rule, order=order).search
    assert (search.verdict, search.truncated) == (whole.verdict, whole.truncated)
    if paths > 1:
        assert search.paths == whole.paths
        assert search.edges == whole.edges
        assert search.hop == whole.hop
    else:
        # Of several as short as any it may be any.
        assert [len(path) for path in search.paths] == [len(path) for path in whole.paths]
        assert all(path in truth for path in search.paths)


@settings(max_examples=60, deadline=None)
@given(
    world=dense,
    target=st.sampled_from(OTHERS),
    rule=rules,
    paths=st.integers(1, 16),
    longest=st.none() | st.integers(0, 5),
    troubles=cuts,
    order=orders,
)
def test_a_source_that_stays_cut_ends_every_page(
    *,
    world: list[Row],
    target: NodeId,
    rule: Rule,
    paths: int,
    longest: int | None,
    troubles: dict[NodeId, Outcome],
    order: int,
) -> None:
    """A page asks nobody twice, a later one only who is new or was cut; in the end all stays as it is."""
    search = _begin(SEED, target, paths=paths, longest=longest, rule=rule)
    asked: set[NodeId] = set()
    pages = []
    for _ in range(len(NODES) + 2):
        for frontier in ask_page(search, world, troubles=troubles, order=order):
            assert asked.intersection(frontier) <= troubles.keys()
            asked.update(frontier)
        pages.append((search.paths, search.verdict, search.truncated, dict(search.undecided), len(asked)))
        search.turn()
    assert pages[-1] == pages[-2]


def test_the_end_that_was_cut_is_asked_for_its_word_again() -> None:
    """A side at its end waits for the other end's own word, page by page."""
    search = _begin(A, B)
    assert ask_page(search, [], troubles={B: Outcome.OVER_BUDGET}) == ((A,), (B,))
    assert (search.verdict, search.expansion_of(B)) == ("none_within_budget", "cut")
    search.turn()
    assert ask_page(search, [], troubles={B: Outcome.OVER_BUDGET}) == ((B,),)
    assert search.verdict == "none_within_budget"
    search.turn()
    assert ask_page(search, [], troubles={}) == ((B,),)
    assert (search.verdict, search.expansion_of(B)) == ("none", "complete")


def test_who_failed_is_not_asked_again() -> None:
    """Only calls and time are whole again on the next page."""
    world = [Row("s1", Edge(*undirected(*pair), "r", directed=False)) for pair in ((A, B), (B, C))]
    search = _begin(A, D)
    ask_page(search, world, troubles={A: Outcome.DENIED, D: Outcome.TIMEOUT})
    search.turn()
    assert ask_page(search, world, troubles={}) == ((D,),)
    assert search.verdict == "none_within_budget"


def test_a_page_begins_with_the_rest_of_the_round_that_was_cut() -> None:
    """Also where a path was found in spite of it: what is known at the end is the same then."""
    world = [Row("s1", Edge(*undirected(*pair), "r", directed=False)) for pair in ((A, B), (B, C))]
    search = _begin(A, B)
    assert ask_page(search, world, troubles={A: Outcome.TIMEOUT}) == ((A,), (B,))
    assert search.paths == [[A, B]]
    search.turn()
    assert search.expansion_of(A) == "boundary"
    assert ask_page(search, world, troubles={}) == ((A,),)
    assert (search.paths, search.expansion_of(A)) == ([[A, B]], "complete")
