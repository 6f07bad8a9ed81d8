"""Who is served what from the cache: partitions, tenants and their proofs, refused credentials."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Filter, Freshness
from connectors.settings import Visibility
from service.cache.freshness import UNLIMITED, Tolerance
from service.cache.store import Item
from service.graph.rule import Rule
from service.usecases.answer.answering import Answer
from service.usecases.answer.requirement import SourcesFailedError
from service.usecases.request import Require

LONG = "a label of which the cache keeps one copy for all of the listings that show it " * 4
ANY_AGE = Tolerance(max_stale=UNLIMITED)
TENANT, PUBLIC, CREDENTIAL = Visibility.TENANT, Visibility.PUBLIC, Visibility.CREDENTIAL


def _outcomes(answer: Answer) -> dict[str, str]:
    return {report.source: report.outcome.value for report in answer.reports}


def _words(answer: Answer) -> list[dict[str, Any]]:
    return [word["attributes"] for *_, edge in answer.graph.edges(data=True) for word in edge["provenance"]]


def _tenants(stage: Any, **rest: Any) -> Any:
    site = stage.source(
        "s1", "n", "obs", tenants=("t1", "t2"), by_caller=True, caller_relative=frozenset({"mine"}), **rest
    )
    site.line("n@t1:t:a", "n@t1:t:b", attributes={"mine": True, "kept": 1})
    return site


def _after(stage: Any) -> Rule:
    return Rule(filter=Filter(created_after=stage.clock.now() - timedelta(days=9)))


# A request differs from another in one of these; each changes what an upstream may answer.
_ASIDE = {
    "token": ("token", "other token"),
    "node": ("n@t1:t:a", "n@t1:t:b", "n@t2:t:a"),
    "name": ("s1", "s2"),
    "kind": ("toy", "toy2"),
    "scope": ((), (("region", "US"),), (("region", "EU"),), (("groups", "US"),)),
    "mapping_version": (1, 2),
}
requests = st.fixed_dictionaries({field: st.sampled_from(values) for field, values in _ASIDE.items()})


@settings(max_examples=60, deadline=None)
@given(one=requests, other=requests)
async def test_defect_08_requests_that_differ_in_anything_never_share(
    make_stage: Any, one: dict[str, Any], other: dict[str, Any]
) -> None:
    """The second of two requests is served from the cache exactly when it is the same request."""
    stage = make_stage()
    seen = []
    for asked in (one, other):
        stage.sources.clear()
        sheet = {name: asked[name] for name in ("kind", "scope", "mapping_version")}
        site = stage.source(asked["name"], "n", tenants=("t1", "t2"), by_caller=True, **sheet)
        await stage.ask(asked["node"], as_=asked["token"])
        seen.append(len(site.asked()))
    assert seen == [1, 0 if one == other else 1]


@pytest.mark.parametrize("visibility", [CREDENTIAL, TENANT])
async def test_what_a_caller_has_fetched_is_served_to_that_caller(stage: Any, visibility: Visibility) -> None:
    """Whatever the visibility, the same credential is served what it fetched."""
    site = _tenants(stage, visibility=visibility)
    await stage.ask("n@t1:t:a", as_="one")
    site.asked()
    answer = await stage.ask("n@t1:t:a", as_="one")
    assert site.asked() == []
    assert len(answer.graph) == 2


async def test_under_visibility_credential_nothing_is_shared(stage: Any) -> None:
    """Another credential asks for itself, and what depends on the caller stays in."""
    site = _tenants(stage)
    for token in ("one", "two"):
        answer = await stage.ask("n@t1:t:a", as_=token)
        assert site.asked() == ["n@t1:t:a"]
        assert _words(answer) == [{"kept": 1, "mine": True}]


async def test_a_tenant_is_shared_with_those_it_has_accepted(stage: Any) -> None:
    """Without proof a caller asks; once accepted anywhere in the tenant it is served, without `mine`."""
    site = _tenants(stage, visibility=TENANT)
    first = await stage.ask("n@t1:t:a", as_="one")
    assert _words(first) == [{"kept": 1}]
    site.asked()
    await stage.ask("n@t1:t:b", as_="two")
    assert site.asked() == ["n@t1:t:b"]
    proven = await stage.ask("n@t1:t:a", as_="two")
    assert site.asked() == []
    assert _words(proven) == [{"kept": 1}]


async def test_a_proof_ends_and_is_for_one_tenant(stage: Any) -> None:
    """After its time, and in another tenant, acceptance has to be shown again."""
    site = _tenants(stage, visibility=TENANT)
    for node in ("n@t1:t:a", "n@t2:t:a"):
        await stage.ask(node, as_="one")
    await stage.ask("n@t1:t:b", as_="two")
    site.asked()
    await stage.ask("n@t2:t:a", as_="two")
    assert site.asked() == ["n@t2:t:a"]
    stage.clock.passed += 601
    await stage.ask("n@t1:t:a", as_="two")
    assert site.asked() == ["n@t1:t:a"]


async def test_absence_proves_nothing(stage: Any) -> None:
    """A 404 does not say that the upstream has accepted the credential for the tenant."""
    site = _tenants(stage, visibility=TENANT)
    site.absent.add("n@t1:t:z")
    await stage.ask("n@t1:t:a", as_="one")
    await stage.ask("n@t1:t:z", as_="two", require=Require.NONE)
    site.asked()
    await stage.ask("n@t1:t:a", as_="two")
    assert site.asked() == ["n@t1:t:a"]


async def test_a_strangers_404_is_not_the_tenants(stage: Any) -> None:
    """Who has no proof may be told 404 of what the tenant has: its members go on reading what they have."""
    site = _tenants(stage, visibility=TENANT)
    known = await stage.ask("n@t1:t:a", as_="one")
    site.absent.add("n@t1:t:a")
    for _ in range(2):
        stranger = await stage.ask("n@t1:t:a", as_="two", require=Require.NONE)
        # It is the stranger's alone, and is asked for each time.
        assert _outcomes(stranger) == {"s1": "absent"}
        assert site.asked()[-1:] == ["n@t1:t:a"]
        assert len((await stage.ask("n@t1:t:a", as_="one")).graph) == len(known.graph) == 2
        assert site.asked() == []


async def test_a_members_404_is_the_tenants(stage: Any) -> None:
    """Whom the upstream has accepted for the tenant knows what is absent there, in one answer or later."""
    site = _tenants(stage, visibility=TENANT)
    site.absent.add("n@t1:t:b")
    await stage.ask("n@t1:t:a", as_="one", hops=2)
    assert sorted(site.asked()) == ["n@t1:t:a", "n@t1:t:b"]
    site.absent.add("n@t1:t:z")
    await stage.ask("n@t1:t:z", as_="one", require=Require.NONE)
    await stage.ask("n@t1:t:c", as_="two")
    site.asked()
    for node in ("n@t1:t:b", "n@t1:t:z"):
        answer = await stage.ask(node, as_="two", require=Require.NONE)
        assert _outcomes(answer) == {"s1": "absent"}
    assert site.asked() == []


async def test_who_was_refused_since_is_a_stranger_again(stage: Any) -> None:
    """A 401 ends the proof: a 404 that follows is not the tenant's."""
    site = _tenants(stage, visibility=TENANT)
    for token in ("one", "two"):
        await stage.ask("n@t1:t:a", as_=token)
    site.faults["n@t1:t:b"] = 401
    assert _outcomes(await stage.ask("n@t1:t:b", as_="two", require=Require.NONE)) == {"s1": "denied"}
    stage.clock.passed += 1
    site.absent.add("n@t1:t:a")
    assert _outcomes(await stage.ask("n@t1:t:a", as_="two", require=Require.NONE)) == {"s1": "absent"}
    assert len((await stage.ask("n@t1:t:a", as_="one")).graph) == 2


@pytest.mark.parametrize(("visibility", "tokens"), [(TENANT, ("one", "two")), (CREDENTIAL, ("one", "one"))])
async def test_one_tenants_word_for_a_shared_node_is_not_for_another(
    stage: Any, visibility: Visibility, tokens: tuple[str, str]
) -> None:
    """Facts of a node that both tenants can name are kept by the tenant whose listing told them."""
    site = _tenants(stage, visibility=visibility)
    for tenant in ("t1", "t2"):
        site.line(f"n@{tenant}:t:x", "obs:domain:shared")
    site.labels["obs:domain:shared"] = LONG + "as t1 knows it"
    await stage.ask("n@t1:t:x", as_=tokens[0])
    site.labels["obs:domain:shared"] = LONG + "as t2 knows it"
    await stage.ask("n@t2:t:x", as_=tokens[1])
    for tenant, token in zip(("t1", "t2"), tokens, strict=True):
        site.asked()
        answer = await stage.ask(f"n@{tenant}:t:x", as_=token)
        assert site.asked() == []
        assert answer.graph.nodes["obs:domain:shared"]["label"] == f"{LONG}as {tenant} knows it"


async def test_what_is_public_is_everybodys(stage: Any) -> None:
    """A public source is asked once, whoever asks, and shows nothing that depends on the caller."""
    site = stage.source("s1", "n", visibility=PUBLIC, caller_relative=frozenset({"mine"}))
    site.line("n:t:a", "n:t:b", attributes={"mine": True, "kept": 1})
    for calls in (1, 0):
        answer = await stage.ask("n:t:a")
        assert len(site.asked()) == calls
        assert _words(answer) == [{"kept": 1}]


@pytest.mark.parametrize("visibility", [CREDENTIAL, TENANT])
@pytest.mark.parametrize("minutes", [0.1, 20])
async def test_a_refused_credential_is_served_nothing_from_then_on(
    stage: Any, visibility: Visibility, minutes: float
) -> None:
    """Fresh or stale, and whatever max-stale says: what was cached before the refusal is not served."""
    site = _tenants(stage, visibility=visibility)
    await stage.ask("n@t1:t:a", as_="one")
    stage.clock.passed += minutes * 60
    site.refused.add("one")
    await stage.ask("n@t1:t:new", as_="one", require=Require.NONE)
    site.asked()
    for tolerance in (Tolerance(), ANY_AGE, Tolerance(only_if_cached=True, max_stale=UNLIMITED)):
        stage.clock.passed += 1
        answer = await stage.ask("n@t1:t:a", as_="one", tolerance=tolerance, require=Require.NONE)
        assert answer.graph.number_of_edges() == 0
        assert _outcomes(answer) == {"s1": "unavailable" if tolerance.only_if_cached else "denied"}
    with pytest.raises(SourcesFailedError):
        await stage.ask("n@t1:t:a", as_="one", tolerance=ANY_AGE)


async def test_the_first_refusal_is_answered_with_nothing_stale(stage: Any) -> None:
    """A denial is no trouble that old data stands in for."""
    site = _tenants(stage)
    await stage.ask("n@t1:t:a", as_="one")
    stage.clock.passed += 20 * 60
    site.refused.add("one")
    answer = await stage.ask("n@t1:t:a", as_="one", require=Require.NONE)
    assert _outcomes(answer) == {"s1": "denied"}
    assert answer.graph.number_of_edges() == 0


async def test_what_others_fetch_after_a_refusal_is_not_for_the_refused(stage: Any) -> None:
    """A proof from before the refusal no longer opens the tenant; a new acceptance does."""
    site = _tenants(stage, visibility=TENANT)
    await stage.ask("n@t1:t:a", as_="one")
    stage.clock.passed += 1
    site.refused.add("one")
    await stage.ask("n@t1:t:new", as_="one", require=Require.NONE)
    stage.clock.passed += 1
    await stage.ask("n@t1:t:b", as_="two")
    answer = await stage.ask("n@t1:t:b", as_="one", tolerance=ANY_AGE, require=Require.NONE)
    assert _outcomes(answer) == {"s1": "denied"}
    site.refused.clear()
    stage.clock.passed += 1
    await stage.ask("n@t1:t:c", as_="two")
    await stage.ask("n@t1:t:d", as_="one")
    site.asked()
    assert _outcomes(await stage.ask("n@t1:t:c", as_="one")) == {"s1": "ok"}
    assert site.asked() == []


async def test_a_refusal_shuts_out_nobody_else(stage: Any) -> None:
    """Another caller with proof is still served from the tenant's cache."""
    site = _tenants(stage, visibility=TENANT)
    for token in ("one", "two"):
        await stage.ask("n@t1:t:a", as_=token)
    site.refused.add("one")
    await stage.ask("n@t1:t:b", as_="one", require=Require.NONE)
    site.asked()
    assert _outcomes(await stage.ask("n@t1:t:a", as_="two")) == {"s1": "ok"}
    assert site.asked() == []


@pytest.mark.parametrize(("status", "elsewhere"), [(403, "ok"), (401, "denied")])
async def test_a_403_is_about_its_tenant_and_a_401_about_the_credential(
    stage: Any, status: int, elsewhere: str
) -> None:
    """Forbidden in one tenant, the cache of another is still served; unauthorized, none is."""
    site = _tenants(stage)
    site.line("n@t2:t:a", "n@t2:t:b")
    for node in ("n@t1:t:a", "n@t2:t:a"):
        await stage.ask(node, as_="one")
    stage.clock.passed += 1
    site.faults["t:new"] = status
    await stage.ask("n@t1:t:new", as_="one", require=Require.NONE)
    site.faults = {"n@": status}
    here, there = [
        await stage.ask(node, as_="one", require=Require.NONE) for node in ("n@t1:t:a", "n@t2:t:a")
    ]
    assert (_outcomes(here), _outcomes(there)) == ({"s1": "denied"}, {"s1": elsewhere})


async def test_a_refusal_holds_though_the_store_could_not_be_told(stage: Any) -> None:
    """What the store did not take, this process remembers, also over an older marker in the store."""
    site = _tenants(stage)
    site.refused.add("one")
    await stage.ask("n@t1:t:new", as_="one", require=Require.NONE)
    site.refused.clear()
    stage.clock.passed += 1
    await stage.ask("n@t1:t:a", as_="one")
    stage.clock.passed += 1
    site.refused.add("one")
    stage.store.broken = True
    await stage.ask("n@t1:t:new", as_="one", require=Require.NONE)
    stage.store.broken = False
    answer = await stage.ask("n@t1:t:a", as_="one", tolerance=ANY_AGE, require=Require.NONE)
    assert _outcomes(answer) == {"s1": "denied"}
    assert answer.graph.number_of_edges() == 0


async def test_who_is_accepted_again_is_served_what_it_fetched_since(stage: Any) -> None:
    """A refusal bars the past, not the future."""
    site = _tenants(stage)
    site.refused.add("one")
    await stage.ask("n@t1:t:a", as_="one", require=Require.NONE)
    site.refused.clear()
    stage.clock.passed += 1
    await stage.ask("n@t1:t:a", as_="one")
    site.asked()
    assert _outcomes(await stage.ask("n@t1:t:a", as_="one")) == {"s1": "ok"}
    assert site.asked() == []


async def test_what_the_cache_gave_before_a_refusal_is_not_given_again(stage: Any) -> None:
    """An answer under way keeps what was read before the upstream refused; the next one has nothing."""
    site = _tenants(stage, describes=True)
    site.labels["n@t1:t:b"] = LONG
    await stage.ask("n@t1:t:a", as_="one")
    # The seed has no description: that is forgotten after a minute, asked for again, and refused.
    stage.clock.passed += 90
    site.faults = {"n@": 401}
    answer = await stage.ask("n@t1:t:a", as_="one")
    assert _outcomes(answer) == {"s1": "denied"}
    assert set(answer.graph) == {"n@t1:t:a", "n@t1:t:b"}
    answer = await stage.ask("n@t1:t:a", as_="one", require=Require.NONE)
    assert _outcomes(answer) == {"s1": "denied"}
    assert set(answer.graph) == {"n@t1:t:a"}


@pytest.mark.parametrize(
    "damaged", [b"", b"accepted", b"\xff", b"2026-01-01T12:00:00", b"9999-12-31", b"not a time"]
)
async def test_a_damaged_marker_opens_nothing(stage: Any, damaged: bytes) -> None:
    """Neither a damaged proof nor a damaged refusal lets anything through, and none is an error."""
    site = _tenants(stage, visibility=TENANT)
    await stage.ask("n@t1:t:a", as_="one")
    for key, kept in list(stage.store._kept.items()):
        if kept.value.startswith(b"2026-"):
            await stage.store.save([Item(key, damaged, timedelta(minutes=10))])
    site.asked()
    await stage.ask("n@t1:t:a", as_="one")
    assert site.asked() == ["n@t1:t:a"]

    site.refused.add("one")
    await stage.ask("n@t1:t:new", as_="one", require=Require.NONE)
    site.refused.clear()
    stage.clock.passed += 1
    await stage.ask("n@t1:t:a", as_="one")
    for key, kept in list(stage.store._kept.items()):
        if kept.value == b"2026-01-01T12:00:00+00:00":
            await stage.store.save([Item(key, damaged, timedelta(minutes=10))])
    site.asked()
    await stage.ask("n@t1:t:a", as_="one")
    assert site.asked() == ["n@t1:t:a"]


async def test_a_damaged_entry_is_a_miss(stage: Any) -> None:
    """Bytes that are no listing cost a call and nothing else."""
    site = stage.source("s1", "n")
    site.line("n:t:a", "n:t:b")
    await stage.ask("n:t:a")
    for key in list(stage.store._kept):
        await stage.store.save([Item(key, b"\x01garbage", timedelta(minutes=10))])
    site.asked()
    assert len((await stage.ask("n:t:a")).graph) == 2
    assert site.asked() == ["n:t:a"]


async def test_of_two_entries_that_will_do_the_fresher_is_served(stage: Any) -> None:
    """Both the plain and the filtered listing answer; the one fetched last does."""
    site = stage.source("s1", "n", pushes=True)
    site.line("n:t:a", "n:t:b", created_at="2026-01-01T00:00:00+00:00")
    rule = _after(stage)
    await stage.ask("n:t:a", rule=rule)
    stage.clock.passed += 10
    site.line("n:t:a", "n:t:c", created_at="2026-01-01T00:00:00+00:00")
    await stage.ask("n:t:a")
    site.asked()
    answer = await stage.ask("n:t:a", rule=rule)
    assert site.asked() == []
    assert set(answer.graph) == {"n:t:a", "n:t:b", "n:t:c"}


async def test_what_can_not_be_written_is_not_kept(stage: Any) -> None:
    """A listing without an exact written form is answered and asked for again."""
    site = stage.source("s1", "n")
    site.line("n:t:a", "n:t:b", attributes={"odd": "\ud800"})
    for _ in range(2):
        assert (await stage.ask("n:t:a")).spent.calls == 1


async def test_a_source_that_keeps_nothing_is_asked_every_time(stage: Any) -> None:
    """With no time to live at all there is no cache, and a refusal is still no error."""
    nothing = timedelta(0)
    site = stage.source("s1", "n", freshness=Freshness(nothing, nothing, nothing))
    site.faults["n:t:z"] = 401
    for _ in range(2):
        await stage.ask("n:t:a")
        await stage.ask("n:t:z", require=Require.NONE)
    assert site.asked() == ["n:t:a", "n:t:z", "n:t:a", "n:t:z"]
