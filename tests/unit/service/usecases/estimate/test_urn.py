"""What is drawn: nodes of the kind, and of any kind where that was hardly seen."""

from random import Random

from service.usecases.estimate.experience import ENOUGH, Lesson, Sample
from service.usecases.estimate.urn import Urns

HOST, FILE = "a:host", "a:file"


def urns(lesson: Lesson) -> Urns:
    """Give urns of one source, with dice that fall the same each time."""
    return Urns({"feed": lesson}, dice=Random(1))  # noqa: S311 - a test


def test_of_a_kind_well_known_only_that_kind_is_drawn() -> None:
    """Twelve samples stand for themselves."""
    lesson = Lesson()
    lesson.add(HOST, [Sample(1, ())] * ENOUGH, hop=1)
    lesson.add(FILE, [Sample(2, ())], hop=1)
    assert {sample.rows for sample in urns(lesson).draw("feed", HOST, hop=2, number=50)} == {1}


def test_a_kind_hardly_seen_is_drawn_from_all() -> None:
    """One sample is no rule."""
    lesson = Lesson()
    lesson.add(HOST, [Sample(1, ())], hop=1)
    lesson.add(FILE, [Sample(2, ())] * ENOUGH, hop=1)
    drawn = urns(lesson).draw("feed", HOST, hop=1, number=100)
    assert len(drawn) == 100
    assert {sample.rows for sample in drawn} == {1, 2}
    assert {sample.rows for sample in urns(lesson).draw("feed", "a:new", hop=1, number=100)} == {1, 2}


def test_what_is_known_not_to_be_cached_is_none_of_those_that_were() -> None:
    """A hub that everybody has met is not what a node turns out to be that nobody has."""
    lesson = Lesson()
    lesson.add(HOST, [Sample(1, ()), Sample(99, (), cached=True)], hop=1)
    drawn = urns(lesson).draw("feed", HOST, hop=1, number=50, uncached=True)
    assert {sample.rows for sample in drawn} == {1}


def test_of_a_source_unknown_nothing_is_drawn() -> None:
    """Nor is anything reached by way of seeds that have no neighbors."""
    assert urns(Lesson()).draw("other", HOST, hop=0, number=3) == []
    lesson = Lesson()
    lesson.add(HOST, [Sample(0, ())], hop=0)
    assert urns(lesson).draw("feed", HOST, hop=1, number=3) == []
