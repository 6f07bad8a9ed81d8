"""What the crosswalk makes one, case by case, and what becomes of it while the crosswalk changes."""

from itertools import pairwise
from typing import Any

import pytest

from connectors.contract import Filter
from harness.asserting import load_rows, row
from harness.contraction import Key
from service.graph.budget import Budget
from service.graph.rule import Rule
from service.usecases.answer.answering import Answer
from service.usecases.answer.resume import ExpiredCursorError, InvalidCursorError
from service.usecases.request import Identity

ASSERTED = Identity.ASSERTED


def _hops(answer: Answer) -> dict[str, int]:
    return {node: record["hop"] for node, record in answer.graph.nodes(data=True)}


def _outcomes(answer: Answer) -> dict[str, str]:
    return {report.source: report.outcome.value for report in answer.reports}


def _chain(site: Any, *names: str) -> None:
    for one, other in pairwise(names):
        site.line(one, other)


def _edges(answer: Answer) -> dict[Key, set[str]]:
    """Give the sources of each edge, by what makes it this edge."""
    found = {}
    for edge in answer.page.records.edges:
        words = edge["provenance"]
        key = (edge["subject"], edge["object"], edge["relation"], edge["directed"], words[0]["record"])
        found[key] = {word["source"] for word in words}
    assert len(found) == len(answer.page.records.edges)
    return found


async def test_both_sources_are_asked_about_their_own_address(stage: Any) -> None:
    """The neighbors, facts and aliases of both addresses meet on the smaller, whichever was sent."""
    acc, feed = stage.source("acc", "acc"), stage.source("feed", "feed", "obs")
    acc.line("acc:doc:1", "acc:doc:2")
    feed.line("obs:domain:a", "obs:domain:b")
    acc.labels["acc:doc:1"], feed.labels["obs:domain:a"] = "a plan", "a domain"
    await load_rows(stage, [row("obs:domain:a", "acc:doc:1")])
    for seed in ("acc:doc:1", "obs:domain:a", "feed:domain:a"):
        answer = await stage.ask(seed, identity=ASSERTED)
        assert (str(answer.seed), answer.requested) == ("acc:doc:1", seed)
        assert _hops(answer) == {"acc:doc:1": 0, "acc:doc:2": 1, "obs:domain:b": 1}
        record = answer.graph.nodes["acc:doc:1"]
        assert record["attributes"] == {"acc": {"note": "a plan"}, "feed": {"note": "a domain"}}
        forms = {"obs:domain:a", "feed:domain:a", "feed:entity:domain-a", "a page", "a:section"}
        assert set(record["aliases"]) == forms
        assert (record["label"], record["sources"]) == ("a plan", ["acc", "feed"])
        assert (record["expansion"], record["known_degree"]) == ("complete", {"value": 2, "relation": "eq"})
    assert (acc.asked(), feed.asked()) == (["acc:doc:1"], ["obs:domain:a"])


async def test_what_one_source_tells_of_two_members_is_told_once_each(stage: Any) -> None:
    """Of what it says of both the smaller address's word stays; what it says of one is there."""
    site = stage.source("s", "n", describes=True)
    site.line("n:t:a", "n:t:c")
    site.labels |= {"n:t:a": "A", "n:t:b": "B"}
    await load_rows(stage, [row("n:t:b", "n:t:a"), row("n:t:b", "n:t:d")])
    answer = await stage.ask("n:t:b", identity=ASSERTED)
    assert answer.graph.nodes["n:t:a"]["attributes"] == {"s": {"note": "A"}}
    await load_rows(stage, [row("n:t:b", "n:t:c")])
    answer = await stage.ask("n:t:c", identity=ASSERTED)
    assert answer.graph.nodes["n:t:b"]["label"] == "B"


async def test_a_chain_through_an_address_that_nobody_shows(stage: Any) -> None:
    """A is B and B is C: A and C are one node, though B stands in no graph, or belongs to nobody."""
    one, other = stage.source("s1", "m"), stage.source("s2", "n")
    one.line("m:t:a", "m:t:x")
    other.line("n:t:c", "n:t:y")
    other.absent.add("n:t:b")
    rows = [row("m:t:a", "n:t:b"), row("n:t:b", "n:t:c")]
    elsewhere = [row("m:t:a", "zone:t:b", "s1"), row("zone:t:b", "n:t:c", "s2")]
    for chain in (rows, elsewhere):
        await load_rows(stage, chain)
        answer = await stage.ask("n:t:c", identity=ASSERTED)
        assert _hops(answer) == {"m:t:a": 0, "m:t:x": 1, "n:t:y": 1}
        assert answer.complete
    await load_rows(stage, rows[:1])
    answer = await stage.ask("m:t:a", identity=ASSERTED)
    assert answer.graph.nodes["m:t:a"]["aliases"] == ["n:t:b"]
    assert _outcomes(answer) == {"s1": "ok", "s2": "absent"}


async def test_one_key_in_two_namespaces_is_two_things(stage: Any) -> None:
    """An issue and a photo of one GUID are merged when somebody says so, and never by themselves."""
    site = stage.source("acc", "acc-issue", "acc-photo")
    guid = "bd17903c-7d3b-4e56-a79f-4cea00d430db"
    issue, photo = f"acc-issue:issue:{guid}", f"acc-photo:photo:{guid}"
    site.line(issue, "acc-issue:issue:2")
    site.line(photo, "acc-photo:photo:3")
    for rows in ([], [row(issue, "acc-issue:issue:z")]):
        await load_rows(stage, rows)
        for identity in Identity:
            for seed, other in ((issue, "acc-issue:issue:2"), (photo, "acc-photo:photo:3")):
                assert _hops(await stage.ask(seed, identity=identity, hops=2)) == {seed: 0, other: 1}
    await load_rows(stage, [row(issue, photo)])
    answer = await stage.ask(photo, identity=ASSERTED)
    assert _hops(answer) == {issue: 0, "acc-issue:issue:2": 1, "acc-photo:photo:3": 1}


async def test_edges_inside_a_node_are_dropped_and_counted(stage: Any) -> None:
    """What led from one address to another of the same thing leads nowhere; a loop of one stays."""
    site = stage.source("s1", "n")
    site.line("n:t:a", "n:t:b")
    site.line("n:t:b", "n:t:a", directed=True, record="1")
    site.line("n:t:b", "n:t:b")
    site.line("n:t:a", "n:t:c")
    site.line("n:t:c", "n:t:b")
    for node, total in (("a", 3), ("b", 4), ("c", 2)):
        site.extras[f"n:t:{node}"] = {"total": total}
    await load_rows(stage, [row("n:t:b", "n:t:a")])
    answer = await stage.ask("n:t:b", identity=ASSERTED, hops=2, explain=True)
    assert sorted(answer.graph.edges()) == [("n:t:a", "n:t:a"), ("n:t:a", "n:t:c")]
    assert answer.extra["identity"] == {"mode": "asserted", "merged": 1, "inside": 2}
    degrees = {node: record["known_degree"]["value"] for node, record in answer.graph.nodes(data=True)}
    # What the source counts holds what was dropped and what fell together.
    assert degrees == {"n:t:a": 2, "n:t:c": 1}


async def test_merging_shortens_ways_wherever_it_happens(stage: Any) -> None:
    """A seed, a node half-way and one at the boundary: each is one node, as near as its nearest address."""
    one, other = stage.source("s1", "m"), stage.source("s2", "n")
    _chain(one, "m:t:a", "m:t:b", "m:t:c", "m:t:d")
    _chain(other, "n:t:c", "n:t:e")
    one.line("m:t:a", "n:t:q")
    await load_rows(stage, [row("m:t:b", "n:t:c"), row("n:t:e", "m:t:d"), row("m:t:a", "n:t:z")])
    whole = {"m:t:a": 0, "m:t:b": 1, "n:t:q": 1, "m:t:c": 2, "m:t:d": 2}
    for hops in range(4):
        answer = await stage.ask("n:t:z", identity=ASSERTED, hops=hops)
        assert _hops(answer) == {node: hop for node, hop in whole.items() if hop <= hops}
        assert answer.complete
    assert answer.graph.nodes["m:t:d"]["aliases"] == ["n:t:e"]


async def test_parallel_edges_of_two_addresses_fall_together(stage: Any) -> None:
    """Records keep edges apart, and who asserts the same of either address asserts one edge."""
    one, other = stage.source("s1", "m", "n"), stage.source("s2", "n")
    one.line("m:t:a", "m:t:x")
    other.line("n:t:b", "m:t:x")
    one.line("m:t:x", "n:t:b", directed=True, record="1")
    one.line("m:t:a", "m:t:x", directed=True, record="1")
    await load_rows(stage, [row("m:t:a", "n:t:b")])
    answer = await stage.ask("m:t:a", identity=ASSERTED)
    assert _edges(answer) == {
        ("m:t:a", "m:t:x", "r", False, None): {"s1", "s2"},
        ("m:t:a", "m:t:x", "r", True, "1"): {"s1"},
        ("m:t:x", "m:t:a", "r", True, "1"): {"s1"},
    }


@pytest.mark.parametrize("hops", [0, 1, 2])
async def test_members_of_a_selection_are_members_by_any_name(stage: Any, hops: int) -> None:
    """What the selection covers is hop 0, though its node goes by another namespace's address."""
    site = stage.source("s1", "n", selects=True)
    stage.source("s2", "m")
    site.line("n:t:a", "n:t:b")
    site.line("n:t:b", "n:u:x")
    await load_rows(stage, [row("n:t:b", "m:t:b"), row("n:u:x", "m:u:x")])
    answer = await stage.ask("n:t", identity=ASSERTED, hops=hops)
    assert str(answer.seed) == "n:t"
    expected = {"n:t:a": 0, "m:t:b": 0, "m:u:x": 1}
    assert _hops(answer) == {node: hop for node, hop in expected.items() if hop <= hops}


async def test_the_other_addresses_of_a_members_node_are_asked(stage: Any) -> None:
    """A member of a selection is expanded as the node it is: the other source tells its part."""
    one, other = stage.source("s1", "n", selects=True), stage.source("s2", "m")
    one.line("n:t:a", "n:t:b")
    other.line("m:t:b", "m:t:c")
    await load_rows(stage, [row("n:t:b", "m:t:b")])
    answer = await stage.ask("n:t", identity=ASSERTED)
    assert _hops(answer) == {"n:t:a": 0, "m:t:b": 0, "m:t:c": 1}


@pytest.mark.parametrize(
    "wanted", [{"with_namespace": ("obs",)}, {"with_type": ("domain",)}, {"with_key": "b"}]
)
async def test_a_filter_an_upstream_applies_does_not_hide_what_fits_by_another_address(
    make_stage: Any, wanted: dict[str, Any]
) -> None:
    """The upstream knows one address of the neighbor, and the filter wants the other: it is followed."""
    for pushes in (True, False):
        stage = make_stage()
        site = stage.source("acc", "acc", pushes=pushes)
        stage.source("feed", "obs")
        site.line("acc:doc:1", "acc:doc:2")
        site.line("acc:doc:1", "acc:doc:3")
        await load_rows(stage, [row("acc:doc:2", "obs:domain:b")])
        rule = Rule(filter=Filter(**wanted))
        answer = await stage.ask("acc:doc:1", identity=ASSERTED, rule=rule)
        assert _hops(answer) == {"acc:doc:1": 0, "acc:doc:2": 1}
        (source,) = [source for source in stage.sources if source.name == "acc"]
        assert source.connector.pushes is pushes
        assert _hops(await stage.ask("acc:doc:1", rule=rule)) == {"acc:doc:1": 0}


async def test_the_seeds_native_id_is_the_seed_by_whichever_address_it_is_asked_for(stage: Any) -> None:
    """A row by the native id is the seed's, also when the seed was sent by its other address."""
    site = stage.source("s1", "s1", "obs")
    stage.source("acc", "acc")
    site.line("obs:domain:a", "s1:entity:domain-a")
    site.labels["s1:entity:domain-a"] = "shown otherwise"
    await load_rows(stage, [row("obs:domain:a", "acc:doc:1")])
    for seed in ("acc:doc:1", "obs:domain:a"):
        answer = await stage.ask(seed, identity=ASSERTED, explain=True)
        assert list(answer.graph.edges()) == [("acc:doc:1", "acc:doc:1")]
        assert answer.graph.nodes["acc:doc:1"]["attributes"] == {"s1": {"note": "shown otherwise"}}
        assert answer.extra["identity"]["inside"] == 0


async def test_several_seeds_of_one_thing_are_one_node(stage: Any) -> None:
    """Each seed is told of by the text that was sent, and the node is expanded once."""
    one, other = stage.source("s1", "m"), stage.source("s2", "n")
    one.line("m:t:a", "m:t:x")
    await load_rows(stage, [row("m:t:a", "n:t:b")])
    answer = await stage.ask(("n:t:b", "m:t:a", "m:t:x"), identity=ASSERTED)
    told = [(str(seed.address), seed.requested, seed.known) for seed in answer.seeds]
    assert told == [("m:t:a", "n:t:b", True), ("m:t:a", "m:t:a", True), ("m:t:x", "m:t:x", True)]
    assert _hops(answer) == {"m:t:a": 0, "m:t:x": 0}
    assert (sorted(one.asked()), other.asked()) == (["m:t:a", "m:t:x"], ["n:t:b"])


async def test_a_path_leads_through_what_is_one_thing(stage: Any) -> None:
    """Where two sources share no node, the crosswalk is the only way across."""
    one, other = stage.source("s1", "m"), stage.source("s2", "n")
    _chain(one, "m:t:a", "m:t:b")
    _chain(other, "n:t:b", "n:t:c")
    await load_rows(stage, [row("n:t:b", "m:t:b"), row("n:t:c", "m:t:z")])
    for identity, paths in ((ASSERTED, [["m:t:a", "m:t:b", "m:t:z"]]), (Identity.EXACT, [])):
        answer = await stage.ask("m:t:a", to="n:t:c", identity=identity)
        assert answer.extra["paths"] == paths


async def test_a_thing_known_by_one_address_is_known(stage: Any) -> None:
    """Its own source does not know the seed; the other knows the other address, and that will do."""
    one, other = stage.source("s1", "m"), stage.source("s2", "n")
    one.absent.add("m:t:a")
    other.line("n:t:b", "n:t:c")
    await load_rows(stage, [row("m:t:a", "n:t:b")])
    answer = await stage.ask("m:t:a", identity=ASSERTED)
    assert (answer.seed_known, answer.complete, _outcomes(answer)) == (
        True,
        True,
        {"s1": "absent", "s2": "ok"},
    )


# while the crosswalk changes -------------------------------------------------------------------------


def _fan(stage: Any) -> dict[str, Any]:
    """Give a node five neighbors, and what to ask so that two of them come at a time."""
    site = stage.source("s1", "n")
    for letter in "bcdef":
        site.line("n:t:a", f"n:t:{letter}")
    return {"identity": ASSERTED, "budget": Budget(max_nodes=3)}


@pytest.mark.parametrize("rows", [[], [row("n:t:d", "n:t:e")], [row("n:t:b", "n:t:c", sure=0.1)]])
async def test_a_cursor_does_not_outlive_its_crosswalk(stage: Any, rows: list[Any]) -> None:
    """Once another is loaded the next page is refused, never mixed; the same rows again are the same."""
    asked = _fan(stage)
    before = [row("n:t:b", "n:t:c")]
    await load_rows(stage, before)
    first = await stage.ask("n:t:a", **asked)
    await load_rows(stage, rows)
    with pytest.raises((InvalidCursorError, ExpiredCursorError), match=r"cursor|again"):
        await stage.ask("n:t:a", **asked, cursor=first.next_cursor)
    await load_rows(stage, before)
    second = await stage.ask("n:t:a", **asked, cursor=first.next_cursor)
    assert set(_hops_of_page(first)) | set(_hops_of_page(second)) == {f"n:t:{letter}" for letter in "abdef"}


async def test_a_cursor_of_an_exact_answer_is_not_the_crosswalks_business(stage: Any) -> None:
    """It goes on whatever is loaded meanwhile."""
    asked = _fan(stage) | {"identity": Identity.EXACT}
    first = await stage.ask("n:t:a", **asked)
    await load_rows(stage, [row("n:t:b", "n:t:c")])
    second = await stage.ask("n:t:a", **asked, cursor=first.next_cursor)
    assert set(_hops_of_page(second)) == {"n:t:d", "n:t:e", "n:t:f"}


async def test_without_its_crosswalk_an_answer_says_so_on_every_page(stage: Any) -> None:
    """Rows that are gone are not "no rows": `identity` has cut, to the last page, and nothing is complete."""
    asked = _fan(stage)
    manifest = await load_rows(stage, [row("n:t:b", "n:t:c")])
    stage.store.evict(manifest.keys)
    cursor, pages = None, 0
    while cursor is not None or pages == 0:
        answer = await stage.ask("n:t:a", **asked, cursor=cursor)
        assert "identity" in answer.truncated
        assert not answer.complete
        cursor, pages = answer.next_cursor, pages + 1
    assert pages == 2
    assert (await stage.ask("n:t:a")).complete


async def test_with_the_store_down_from_the_start_nothing_is_merged_and_that_is_told(stage: Any) -> None:
    """`asserted` is answered as far as it can be; `exact` is as ever, the cache aside."""
    stage.source("s1", "n").line("n:t:a", "n:t:b")
    stage.store.broken = True
    asserted = await stage.ask("n:t:a", identity=ASSERTED)
    assert (asserted.complete, asserted.truncated, _hops(asserted)) == (
        False,
        ("identity",),
        {"n:t:a": 0, "n:t:b": 1},
    )
    # Another page could not do better: there is nothing to go on with.
    assert asserted.next_cursor is None
    exact = await stage.ask("n:t:a")
    assert (exact.complete, exact.truncated) == (True, ())


def _hops_of_page(answer: Answer) -> dict[str, int]:
    return {node["id"]: node["hop"] for node in answer.page.records.nodes}
