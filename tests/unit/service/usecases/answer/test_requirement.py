"""When there is no answer, and which error says so."""

from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import UnknownNodeError
from connectors.model import Outcome
from service.cache.freshness import Tolerance
from service.graph.budget import Budget
from service.usecases.answer.requirement import SourcesFailedError, SourcesTimedOutError
from service.usecases.request import Require

AGAIN = Tolerance(max_age=timedelta(0))


async def test_nobody_who_can_select_is_an_error_that_says_unsupported(stage: Any) -> None:
    """Every source owns the namespace and none has selections: failed, and not unknown."""
    stage.source("s1", "n")
    with pytest.raises(SourcesFailedError) as refusal:
        await stage.ask("n:t")
    assert [report.outcome for report in refusal.value.reports] == [Outcome.UNSUPPORTED]


async def test_time_alone_has_an_error_of_its_own(stage: Any) -> None:
    """When every source timed out, that is what the error says."""
    site = stage.source("s1", "n")
    site.faults["n:t:a"] = "slow"
    with pytest.raises(SourcesTimedOutError):
        await stage.ask("n:t:a")


@pytest.mark.parametrize("require", Require)
async def test_what_is_required_decides_when_an_answer_is_an_error(stage: Any, require: Require) -> None:
    """Some failed and some answered: an error only for whoever wants it complete."""
    bad, good = stage.source("s1", "n"), stage.source("s2", "n")
    bad.faults["n:t:a"] = 500
    good.line("n:t:a", "n:t:b")
    if require is Require.COMPLETE:
        with pytest.raises(SourcesFailedError) as refusal:
            await stage.ask("n:t:a", require=require)
        assert [report.source for report in refusal.value.reports] == ["s1", "s2"]
    else:
        assert len((await stage.ask("n:t:a", require=require)).graph) == 2


@pytest.mark.parametrize("require", [Require.SOME, Require.COMPLETE])
async def test_a_node_that_every_source_calls_absent_is_unknown(stage: Any, require: Require) -> None:
    """All absent is an error of the caller's; one failure among them leaves it open."""
    one, other = stage.source("s1", "n"), stage.source("s2", "n")
    for site in (one, other):
        site.absent.add("n:t:a")
    with pytest.raises(UnknownNodeError, match="does not know"):
        await stage.ask("n:t:a", require=require)
    other.faults["n:t:a"] = 500
    answer = await stage.ask("n:t:a", require=Require.NONE, tolerance=AGAIN)
    assert answer.seed_known is None


async def test_an_answer_that_was_cut_is_not_complete(stage: Any) -> None:
    """Whoever wants it complete gets an error for a cut, though no source failed."""
    site = stage.source("s1", "n")
    site.line("n:t:a", "n:t:b")
    with pytest.raises(SourcesFailedError, match="not complete"):
        await stage.ask("n:t:a", require=Require.COMPLETE, budget=Budget(max_nodes=1))
