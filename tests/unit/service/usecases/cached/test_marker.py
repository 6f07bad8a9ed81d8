"""Refusals that have to be heard of while the operator's secret keys are being changed."""

from typing import Any

import pytest

from connectors.settings import Visibility
from service.cache.freshness import UNLIMITED, Tolerance
from service.usecases.answer.answering import Answer
from service.usecases.cached.revoked import Revoked
from service.usecases.request import Require

OLD, BOTH, NEW = ("old",), ("new", "old"), ("new",)
ANY_AGE = Tolerance(max_stale=UNLIMITED)


async def _ask(stage: Any, *keys: str, **rest: Any) -> Answer:
    """Ask as a process with these keys, which remembers nothing of what others were told."""
    stage.turn_keys(*keys)
    stage.revoked = Revoked()
    answer: Answer = await stage.ask("n@t1:t:a", as_="one", require=Require.NONE, **rest)
    return answer


def _site(stage: Any, **rest: Any) -> Any:
    site = stage.source("s1", "n", tenants=("t1",), by_caller=True, **rest)
    site.line("n@t1:t:a", "n@t1:t:b")
    return site


@pytest.mark.parametrize("visibility", [Visibility.CREDENTIAL, Visibility.TENANT])
@pytest.mark.parametrize(
    ("one", "other"),
    [(OLD, BOTH), (BOTH, OLD), (BOTH, NEW), (NEW, BOTH), (BOTH, ("old", "new")), (OLD, OLD)],
)
async def test_a_refusal_is_heard_by_whoever_shares_a_key(
    stage: Any, one: tuple[str, ...], other: tuple[str, ...], visibility: Visibility
) -> None:
    """What one process was refused the other serves no more, whichever of their keys is the first."""
    site = _site(stage, visibility=visibility)
    for keys in (one, other):
        await _ask(stage, *keys)
        assert len((await _ask(stage, *keys, tolerance=ANY_AGE)).graph) == 2
    site.asked()
    site.refused.add("one")
    assert (await _ask(stage, *one, tolerance=Tolerance(max_age=stage.tenant_proof * 0))).graph.size() == 0
    answer = await _ask(stage, *other, tolerance=ANY_AGE)
    assert (answer.reports[0].outcome, answer.graph.size()) == ("denied", 0)


async def test_who_is_accepted_again_is_served_under_each_key(stage: Any) -> None:
    """A refusal bars what was fetched before it, under any key, and nothing after."""
    site = _site(stage)
    site.refused.add("one")
    assert (await _ask(stage, *BOTH)).reports[0].outcome == "denied"
    site.refused.clear()
    stage.clock.passed += 1
    for keys in (OLD, BOTH):
        site.asked()
        for calls in (1, 0):
            assert len((await _ask(stage, *keys)).graph) == 2
            assert len(site.asked()) == calls


async def test_one_key_costs_one_look(stage: Any) -> None:
    """Who lists one secret key reads a listing and three markers; each further key adds two refusals."""
    _site(stage)
    for keys, read in ((OLD, 4), (BOTH, 6)):
        await _ask(stage, *keys)
        seen: list[int] = []
        stage.store.on_load = seen.append
        await _ask(stage, *keys)
        assert seen == [read]
        stage.store.on_load = None
