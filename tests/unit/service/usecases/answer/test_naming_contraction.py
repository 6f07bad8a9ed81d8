"""Merging against a plain search over a contracted graph: any world, any rows, in any order."""

from random import Random
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from connectors.contract import Filter
from harness.asserting import lasting, load_rows, row
from harness.contraction import Key, Pair, Relation, contract
from service.graph.budget import Budget
from service.graph.rule import Direction, Rule
from service.usecases.answer.answering import Answer
from service.usecases.request import Identity

ASSERTED = Identity.ASSERTED
# `s1` can be asked about all of them, `s2` about some.
ACCEPTED = {"s1": ("m", "n"), "s2": ("n",)}
ADDRESSES = [f"{namespace}:{type_}:{key}" for namespace in "mn" for type_ in "tu" for key in "ab"]
addresses = st.sampled_from(ADDRESSES)
worlds = st.lists(
    st.builds(
        Relation,
        source=st.sampled_from(["s1", "s2"]),
        subject=addresses,
        object=addresses,
        relation=st.sampled_from("rq"),
        directed=st.booleans(),
        record=st.sampled_from([None, None, "1"]),
    ),
    max_size=12,
)
crosswalks = st.lists(st.tuples(addresses, addresses | st.just("nowhere:t:x")), max_size=5)
some = st.sampled_from([(), (), ("m",), ("t",)])
rules = st.builds(
    Rule,
    direction=st.sampled_from(Direction),
    relations=st.sampled_from([None, None, frozenset("r")]),
    filter=st.builds(
        Filter,
        with_namespace=st.sampled_from([(), (), ("m",), ("n",)]),
        with_type=st.sampled_from([(), (), ("t",), ("t", "u")]),
        with_key=st.sampled_from([None, None, "a"]),
    ),
)
hop_counts = st.integers(0, 4)
orders = st.integers(0, 99)


def _staged(make_stage: Any, world: list[Relation], *, order: int, by_caller: bool = False) -> Any:
    """Set a stage with this world; sources and rows come in any order."""
    dice = Random(order)  # noqa: S311 - a test's shuffle
    stage = make_stage()
    names = dice.sample(list(ACCEPTED), 2)
    sites = {name: stage.source(name, *ACCEPTED[name], by_caller=by_caller) for name in names}
    for each in dice.sample(world, len(world)):
        sites[each.source].line(
            each.subject,
            each.object,
            relation=each.relation,
            directed=each.directed,
            record=each.record,
        )
    return stage


async def _load(stage: Any, pairs: list[Pair], *, order: int = 0) -> None:
    """Load the pairs in any order, turned round or twice; what nobody owns is everybody's to see."""
    dice = Random(order)  # noqa: S311 - a test's shuffle
    rows = [row(*dice.sample(pair, 2), *(["s1"] if "nowhere" in str(pair) else [])) for pair in pairs]
    await load_rows(stage, dice.sample(rows + rows[:1], len(rows + rows[:1])))


def _edges(answer: Answer) -> dict[Key, set[str]]:
    """Give the sources of each edge, by what makes it this edge."""
    found = {}
    for edge in answer.page.records.edges:
        words = edge["provenance"]
        key = (edge["subject"], edge["object"], edge["relation"], edge["directed"], words[0]["record"])
        found[key] = {word["source"] for word in words}
    assert len(found) == len(answer.page.records.edges)
    return found


@settings(max_examples=40, deadline=None)
@given(world=worlds, pairs=crosswalks, seed=addresses, hops=hop_counts, rule=rules, order=orders)
async def test_the_answer_is_the_plain_graph_contracted(
    make_stage: Any,
    *,
    world: list[Relation],
    pairs: list[Pair],
    seed: str,
    hops: int,
    rule: Rule,
    order: int,
) -> None:
    """Nodes, hops, edges, degrees and what fell away are those of a union-find over the plain graph.

    Whatever the order of the rows, of the sources and of what they tell; and no address is in two nodes.
    """
    stage = _staged(make_stage, world, order=order, by_caller=order % 3 == 0)
    await _load(stage, pairs, order=order)
    answer = await stage.ask(seed, as_="a token", identity=ASSERTED, hops=hops, rule=rule, explain=True)
    expected = contract(world, pairs=pairs, accepted=ACCEPTED, seed=seed, hops=hops, rule=rule)
    nodes = answer.page.records.nodes
    assert {node["id"]: node["hop"] for node in nodes} == expected.hop
    assert _edges(answer) == expected.edges
    degrees = {node["id"]: node["known_degree"] for node in nodes if node["hop"] < hops}
    assert degrees == {node: {"value": n, "relation": "eq"} for node, n in expected.degree.items()}
    assert {node["expansion"] for node in nodes} <= {"complete", "boundary"}
    told = [address for node in nodes for address in (node["id"], *node["aliases"])]
    assert len(set(told)) == len(told)
    assert answer.complete
    # Two sources that assert one edge are asserting one edge. Without a hop there is none to drop.
    assert answer.extra["identity"]["inside"] == expected.inside
    event(f"merged: {answer.extra['identity']['merged']}, inside: {expected.inside}")


@settings(max_examples=40, deadline=None)
@given(world=worlds, pairs=crosswalks, taken=crosswalks, seed=addresses, hops=hop_counts, order=orders)
async def test_taking_an_assertion_away_restores_the_answer(
    make_stage: Any,
    *,
    world: list[Relation],
    pairs: list[Pair],
    taken: list[Pair],
    seed: str,
    hops: int,
    order: int,
) -> None:
    """Rows that were loaded and are gone have left nothing: the answer is that of never having had them."""
    asked: dict[str, Any] = {"identity": ASSERTED, "hops": hops, "explain": True}
    never, stage = (_staged(make_stage, world, order=order) for _ in range(2))
    await _load(never, pairs)
    await _load(stage, [*pairs, *taken])
    await stage.ask(seed, **asked)
    await _load(stage, pairs)
    assert lasting(await stage.ask(seed, **asked)) == lasting(await never.ask(seed, **asked))


@settings(max_examples=40, deadline=None)
@given(world=worlds, pairs=crosswalks, seed=addresses, hops=hop_counts, rule=rules, order=orders)
async def test_exact_and_off_know_of_no_crosswalk(
    make_stage: Any,
    *,
    world: list[Relation],
    pairs: list[Pair],
    seed: str,
    hops: int,
    rule: Rule,
    order: int,
) -> None:
    """With one loaded they answer as without, and `asserted` without one answers as `exact`."""
    plain, stage = (_staged(make_stage, world, order=order) for _ in range(2))
    await _load(stage, pairs)
    for identity in (Identity.EXACT, Identity.OFF):
        asked: dict[str, Any] = {"identity": identity, "hops": hops, "rule": rule, "explain": True}
        assert lasting(await stage.ask(seed, **asked)) == lasting(await plain.ask(seed, **asked))
    exact, asserted = [
        lasting(await plain.ask(seed, identity=identity, hops=hops, rule=rule))
        for identity in (Identity.EXACT, ASSERTED)
    ]
    assert asserted == exact


@settings(max_examples=40, deadline=None)
@given(
    world=worlds,
    pairs=crosswalks,
    seed=addresses,
    hops=hop_counts,
    order=orders,
    budget=st.builds(
        Budget,
        max_nodes=st.integers(1, 5),
        max_edges=st.integers(1, 5),
        fan_out=st.integers(1, 3),
        max_calls=st.sampled_from([1, 2, 99]),
    ),
)
async def test_the_pages_of_a_merged_answer_are_the_answer_at_once(
    make_stage: Any,
    *,
    world: list[Relation],
    pairs: list[Pair],
    seed: str,
    hops: int,
    order: int,
    budget: Budget,
) -> None:
    """Whatever cuts, and whoever brings a credential: nothing comes twice, and the union is the whole."""
    stage, cut = (_staged(make_stage, world, order=order, by_caller=order % 2 == 0) for _ in range(2))
    nodes: dict[str, Any] = {}
    edges: dict[str, Any] = {}
    for each in (stage, cut):
        await _load(each, pairs, order=order)
    asked: dict[str, Any] = {"as_": "a token", "identity": ASSERTED, "hops": hops}
    whole = await stage.ask(seed, **asked)
    cursor, pages = None, 0
    while cursor is not None or pages == 0:
        page = await cut.ask(seed, **asked, budget=budget, cursor=cursor)
        records, amended = page.page.records, page.page.amended
        assert not nodes.keys() & {node["id"] for node in records.nodes}
        assert not edges.keys() & {edge["id"] for edge in records.edges}
        for some_records in (records, *([] if amended is None else [amended])):
            nodes |= {node["id"]: node for node in some_records.nodes}
            edges |= {edge["id"]: edge for edge in some_records.edges}
        cursor, pages = page.next_cursor, pages + 1
        assert pages < 99
    assert nodes == {node["id"]: node for node in whole.page.records.nodes}
    assert edges == {edge["id"]: edge for edge in whole.page.records.edges}
    assert page.complete
    event(f"pages: {min(pages, 5)}")
