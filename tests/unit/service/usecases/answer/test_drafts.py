"""What is written ahead: the relations that a source was asked for, and nothing that could come otherwise."""

from typing import Any

from connectors.model import NodeId, parse_address
from connectors.wire import Aspect
from service.usecases.answer.drafts import Drafts
from service.usecases.answer.run import Run
from service.usecases.ask import Ask
from service.usecases.request import GraphRequest


async def ran(stage: Any, seed: str, *, hops: int) -> Run:
    """Give the run of an answer, at the end of its page."""
    answering = await stage.expander.begin(GraphRequest((seed,), hops=hops))
    await answering.run.page()
    run: Run = answering.run
    return run


def written(run: Run) -> dict[Ask, bool]:
    """Tell of everything that was asked whether it is the word it was drafted as."""
    findings = run.inquiry.findings.items()
    return {ask: run.drafts.word(ask, finding) is not None for ask, finding in findings}


async def test_what_a_source_was_asked_for_is_written_ahead(stage: Any) -> None:
    """Everything but the seed, whose name may yet turn out to be another one."""
    site = stage.source("feed", "feed")
    for end in "bc":
        site.line("feed:host:a", f"feed:host:{end}")
        site.line(f"feed:host:{end}", "feed:host:d")
    run = await ran(stage, "feed:host:a", hops=2)
    told = {str(ask.address): is_written for ask, is_written in written(run).items()}
    assert told == {"feed:host:a": False, "feed:host:b": True, "feed:host:c": True}


async def test_what_was_cached_is_not(stage: Any) -> None:
    """Where nobody is waited for there is no time to write ahead in."""
    site = stage.source("feed", "feed")
    site.line("feed:host:a", "feed:host:b")
    site.line("feed:host:b", "feed:host:c")
    await stage.ask("feed:host:a", hops=2)
    assert not any(written(await ran(stage, "feed:host:a", hops=2)).values())


async def test_a_draft_is_of_one_finding_alone(stage: Any) -> None:
    """A finding that has taken the place of the one written down is not told by its draft."""
    site = stage.source("feed", "feed")
    site.line("feed:host:a", "feed:host:b")
    site.line("feed:host:b", "feed:host:c")
    run = await ran(stage, "feed:host:a", hops=2)
    node = parse_address("feed:host:b")
    assert isinstance(node, NodeId)
    ((ask, finding),) = [each for each in run.inquiry.findings.items() if each[0].address == node]
    other = run.inquiry.findings[Ask(ask.source, parse_address("feed:host:a"))]
    word = run.drafts.word(ask, finding)
    assert word is not None
    assert word.finding is finding
    assert run.drafts.word(ask, other) is None
    # A description asserts nothing.
    drafts = Drafts(run.naming)
    described = Ask(ask.source, node, Aspect.DESCRIPTION)
    drafts.write(described, finding)
    assert drafts.word(described, finding) is None
