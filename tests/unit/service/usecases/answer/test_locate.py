"""From what was typed to a canonical seed and the sources to ask."""

from typing import Any

import pytest

from connectors.errors import AmbiguousNodeError, InvalidNodeIdError, UnknownNodeError, UnknownSourceError
from service.usecases.answer.answering import Answer
from service.usecases.answer.locate import choose, locate, place


def _hops(answer: Answer) -> dict[str, int]:
    return {node: record["hop"] for node, record in answer.graph.nodes(data=True)}


def _outcomes(answer: Answer) -> dict[str, str]:
    return {report.source: report.outcome.value for report in answer.reports}


async def test_the_caller_can_name_the_sources(stage: Any) -> None:
    """Only those named are asked, at every hop; an unknown name is an error."""
    one, other = stage.source("s1", "n"), stage.source("s2", "n")
    one.line("n:t:a", "n:t:b")
    other.line("n:t:b", "n:t:c")
    answer = await stage.ask("n:t:a", hops=2, sources=("s1",))
    assert set(_hops(answer)) == {"n:t:a", "n:t:b"}
    assert _outcomes(answer) == {"s1": "ok"}
    assert other.asked() == []
    with pytest.raises(UnknownSourceError, match="'s9' or 's8'; there are: s1, s2"):
        await stage.ask("n:t:a", sources=("s9", "s1", "s8"))


async def test_an_address_that_fits_two_tenants_is_ambiguous(stage: Any) -> None:
    """Without a tenant, and with two to choose from, the choices are told."""
    stage.source("s1", "n", tenants=("t1", "t2"))
    with pytest.raises(AmbiguousNodeError) as refusal:
        await stage.ask("n:t:a")
    assert refusal.value.choices == ("n@t1:t:a", "n@t2:t:a")


def _names(sources: Any) -> list[str]:
    return [source.name for source in sources]


def test_all_sources_are_chosen_unless_some_are_named(stage: Any) -> None:
    """In the order of the settings, each once, whatever order and however often they are named."""
    for name in ("s1", "s2", "s3"):
        stage.source(name, "n")
    assert _names(choose(stage.sources, None)) == ["s1", "s2", "s3"]
    assert _names(choose(stage.sources, ("s3", "s1", "s3"))) == ["s1", "s3"]


def test_a_claimed_address_is_asked_about_by_all_who_accept_it(stage: Any) -> None:
    """The source whose form was typed makes it canonical; whoever accepts that is asked."""
    stage.source("s1", "s1", "obs")
    stage.source("s2", "obs")
    stage.source("s3", "n")
    located = locate("s1:domain:a", stage.sources)
    assert (str(located.seed), _names(located.askers)) == ("obs:domain:a", ["s1", "s2"])
    assert (located.unable, located.unresolved) == ((), ())


def test_a_tenant_is_filled_in_where_only_one_fits(stage: Any) -> None:
    """One configured tenant needs no telling; one that is not configured is unknown."""
    stage.source("s1", "n", tenants=("t1",))
    assert str(locate("n:t:a", stage.sources).seed) == "n@t1:t:a"
    with pytest.raises(UnknownNodeError, match=r"accepted namespaces: n$"):
        locate("n@t9:t:a", stage.sources)


def test_a_namespace_nobody_owns_is_unknown(stage: Any) -> None:
    """The error names the namespaces that are accepted, once each."""
    stage.source("s1", "n", "obs")
    stage.source("s2", "obs")
    with pytest.raises(UnknownNodeError, match=r"accepted namespaces: n, obs$"):
        locate("z:t:a", stage.sources)


def test_what_its_only_owner_cannot_normalise_is_invalid(stage: Any) -> None:
    """One source's refusal is the error, unless another source takes the address."""
    stage.source("s1", "n")
    with pytest.raises(InvalidNodeIdError, match="no shouting"):
        locate("n:t:LOUD", stage.sources)
    stage.source("s2", "m")
    assert str(locate("m:t:a", stage.sources).seed) == "m:t:a"
    with pytest.raises(InvalidNodeIdError, match="no shouting"):
        locate("n:t:LOUD", stage.sources)


def test_an_owner_that_has_no_selections_is_unable(stage: Any) -> None:
    """A selection is asked of those that have them; the other owners are told of as unable."""
    stage.source("s1", "n")
    stage.source("s2", "n", selects=True)
    located = locate("n:t", stage.sources)
    assert (_names(located.askers), _names(located.unable)) == (["s2"], ["s1"])
    assert place(located.seed, stage.sources[:1], (), requested=located.requested).askers == ()


def test_an_entity_is_left_to_its_description(stage: Any) -> None:
    """Only a source that knows the form has to resolve it."""
    stage.source("s1", "s1", "obs", describes=True)
    located = locate("s1:entity:domain-a", stage.sources)
    assert _names(located.unresolved) == ["s1"]
