"""A plan goes as far as the cache leads, and asks no source."""

from dataclasses import replace
from typing import Any

import pytest

from connectors.credential import Scheme
from connectors.model import Outcome
from connectors.settings import Visibility
from service.usecases.estimate.experience import Experience
from service.usecases.estimate.forecast import Basis
from service.usecases.estimate.lore import Lore
from service.usecases.plan import Plan, Planner
from service.usecases.request import GraphRequest
from service.usecases.source import UpstreamCredential


def planner(stage: Any) -> Planner:
    """Give what plans on this stage, with nothing learnt."""
    lore = Lore(stage.store, hasher=stage.hasher, sources=stage.sources)
    return Planner(stage.expander, Experience(), lore)


def told(plan: Plan) -> dict[str, list[tuple[int, int, int, Basis]]]:
    """Give what is said of each source, hop by hop."""
    return {
        source.name: [(hop.hop, hop.nodes, hop.calls, hop.basis) for hop in source.hops]
        for source in plan.sources
    }


async def test_what_the_cache_leads_to_is_counted_and_nobody_is_asked(stage: Any) -> None:
    """After an answer of one hop, the next hop's nodes are known: so many calls, and none is made."""
    site = stage.source("feed", "feed")
    site.line("feed:host:a", "feed:host:b")
    site.line("feed:host:a", "feed:host:c")
    await stage.ask("feed:host:a", hops=1)
    site.asked()
    plan = await planner(stage).plan(GraphRequest(("feed:host:a",), hops=2))
    assert site.asked() == []
    assert [(hop, nodes) for hop, nodes, _, _ in told(plan)["feed"]] == [(2, 2)]
    assert plan.calls == 2


async def test_a_source_without_a_credential_is_planned_no_call(stage: Any) -> None:
    """It will not be asked, and the plan says why."""
    stage.source("feed", "feed", by_caller=True)
    plan = await planner(stage).plan(GraphRequest(("feed:host:a",), hops=3))
    assert (plan.calls, plan.sources[0].outcome) == (0, Outcome.NO_CREDENTIAL)


async def test_a_plan_leaves_nothing_behind(stage: Any) -> None:
    """After a plan of an unknown node its answer is what it would have been without."""
    site = stage.source("feed", "feed")
    site.line("feed:host:a", "feed:host:b")
    plan = await planner(stage).plan(GraphRequest(("feed:host:a",), hops=1))
    assert (plan.calls, site.asked()) == (1, [])
    answer = await stage.ask("feed:host:a", hops=1)
    assert (answer.complete, answer.spent.calls) == (True, plan.calls)


async def test_a_refused_credential_is_told_nothing_of_the_cache(stage: Any) -> None:
    """Who may not read a listing is planned the calls of one who knows nothing."""
    site = stage.source("feed", "feed", by_caller=True)
    for end in "bcdef":
        site.line("feed:host:a", f"feed:host:{end}")
    await stage.ask("feed:host:a", as_="ines", hops=1)
    credentials = {"feed": UpstreamCredential(Scheme.BEARER, "otto")}
    plan = await planner(stage).plan(GraphRequest(("feed:host:a",), hops=1, credentials=credentials))
    unknown = await planner(stage).plan(GraphRequest(("feed:host:z",), hops=1, credentials=credentials))
    assert told(plan) == told(unknown)


@pytest.mark.parametrize(
    ("visibility", "shared"),
    [(Visibility.CREDENTIAL, False), (Visibility.TENANT, False), (Visibility.PUBLIC, True)],
)
async def test_a_plan_is_by_what_may_be_shared(stage: Any, visibility: Visibility, *, shared: bool) -> None:
    """What one caller's answers taught shows in another's plan only where their listings are everybody's."""
    site = stage.source("feed", "feed", by_caller=True, visibility=visibility)
    for number in range(37):
        site.line("feed:host:a", f"feed:file:{number}")
    made = planner(stage)
    asked = replace(stage.expander, experience=made.experience)

    async def plan(token: str, node: str) -> dict[str, Any]:
        credentials = {"feed": UpstreamCredential(Scheme.BEARER, token)}
        return told(await made.plan(GraphRequest((node,), hops=2, credentials=credentials)))

    before = await plan("otto", "feed:host:z")
    credentials = {"feed": UpstreamCredential(Scheme.BEARER, "ines")}
    await asked.expand(GraphRequest(("feed:host:a",), hops=1, credentials=credentials))
    for _ in ("learnt here", "told to the store"):
        assert [basis for *_, basis in (await plan("ines", "feed:host:z"))["feed"]] == [Basis.LEARNT] * 2
        assert (await plan("otto", "feed:host:z") != before) is shared
        await made.lore.tell(made.experience)
        made = planner(stage)
