"""What is remembered of listings: bounded, mergeable, and the same after a way through the store."""

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from connectors.model import parse_address
from service.usecases.estimate.experience import (
    MOST_HELD,
    MOST_SAMPLES,
    Experience,
    Lesson,
    Sample,
    Share,
    decode_lesson,
    encode_lesson,
    kind_of,
)
from service.usecases.estimate.holder import Holder

OPEN = Holder("feed", "public")
samples = st.builds(
    Sample,
    st.integers(0, 10**6),
    st.lists(st.tuples(st.text(), st.integers(1, 99))).map(tuple),
    st.text(),
    st.booleans(),
    st.booleans(),
    st.none() | st.floats(0, 1),
)


def passing(number: int) -> Holder:
    """Give one of many callers' credentials."""
    return Holder("feed", f"credential:{number}", passing=True)


def lesson_of(size: int) -> Lesson:
    """Give what a single listing of so many relations teaches."""
    lesson = Lesson()
    lesson.add("a:b", [Sample(size, ())], hop=1)
    return lesson


def rows(lesson: Lesson) -> list[int]:
    """Give the sizes that a lesson has of the one kind."""
    return [sample.rows for sample, _ in lesson.weighed("a:b", hop=1)]


@given(st.lists(st.tuples(st.text(max_size=5), samples, st.integers(0, 6))))
def test_a_lesson_survives_the_store(told: list[tuple[str, Sample, int]]) -> None:
    """What is written is read again, whatever was learnt."""
    lesson = Lesson(new={1: Share(3, 4)}, cached=Share(0, 5))
    for kind, sample, hop in told:
        lesson.add(kind, [sample], hop=hop)
    assert decode_lesson(encode_lesson(lesson)) == lesson


@given(st.binary(max_size=40))
def test_damaged_bytes_are_no_lesson(blob: bytes) -> None:
    """Whatever is under the key, reading it raises nothing."""
    assert decode_lesson(blob) is None or isinstance(decode_lesson(blob), Lesson)


def test_only_the_newest_samples_are_kept() -> None:
    """A kind holds a bounded number, and what is old goes first."""
    lesson = Lesson()
    for rows in range(3 * MOST_SAMPLES):
        lesson.add("a:b", [Sample(rows, ())], hop=1)
    kept = [sample.rows for sample, _ in lesson.weighed("a:b", hop=1)]
    assert kept == list(range(2 * MOST_SAMPLES, 3 * MOST_SAMPLES))


def test_what_was_reached_is_worth_less_for_a_seed_the_more_neighbors_it_has() -> None:
    """A node with many neighbors was the likelier to be reached: as a seed it is no likelier."""
    lesson = Lesson()
    lesson.add("a:b", [Sample(1, (("a:b", 1),)), Sample(50, (("a:b", 50),))], hop=1)
    (_, one), (_, many) = lesson.weighed("a:b", hop=0)
    assert one == 50 * many


def test_a_share_moves_from_its_prior_to_what_was_counted() -> None:
    """Nothing counted gives the prior, much counted gives what was counted, and old counts fade."""
    share = Share()
    assert share.value(prior=0.8, weight=5) == 0.8
    share.add(0, 1000, most=2000)
    assert share.value(prior=0.8, weight=5) < 0.01
    for _ in range(20):
        share.add(1000, 1000, most=2000)
    assert share.value(prior=0, weight=5) > 0.9


def test_a_node_met_again_is_as_it_was_found_the_last_time() -> None:
    """Each meeting counts, and all tell the newest; what was not looked at then is as before."""
    lesson = Lesson()
    first, other = Sample(3, (), "x", onward=1.0), Sample(5, (), "y")
    lesson.add("a:b", [first, other, Sample(4, (), "x", cached=True)], hop=1)
    newest = Sample(4, (), "x", again=True, cached=True, onward=1.0)
    assert lesson.samples[1]["a:b"] == [newest, other, newest]
    told = Lesson()
    told.absorb(lesson)
    assert told == lesson


def test_nodes_without_a_tag_are_not_taken_for_one() -> None:
    """Where nothing tells whether two samples are of one node, they are of two."""
    lesson = Lesson()
    lesson.add("a:b", [Sample(3, ()), Sample(4, ())], hop=1)
    assert [sample.again for sample in lesson.samples[1]["a:b"]] == [False, False]


def test_how_much_is_cached_is_what_it_was_lately() -> None:
    """A cache that was lost is soon expected to have nothing."""
    lesson = Lesson()
    for cached in (1000, 0):
        lesson.count_cached(cached, 1000)
    assert lesson.cached.value(prior=0, weight=0) < 0.1


def test_what_was_not_told_yet_comes_on_top_of_what_the_fleet_knows() -> None:
    """Taking over what others have learnt loses nothing of what was learnt here."""
    here, theirs = Lesson(), Lesson()
    here.add("a:b", [Sample(1, ())], hop=1)
    theirs.add("a:b", [Sample(2, ())], hop=1)
    experience = Experience()
    experience.learn({OPEN: here})
    assert rows(experience.recall(OPEN, theirs)) == [2, 1]
    assert rows(experience.recall(OPEN, None)) == [2, 1]


def test_what_was_fetched_for_one_is_not_told_another() -> None:
    """Each holder has a lesson of its own, and who is new here leaves nothing behind."""
    experience = Experience()
    experience.learn({passing(1): lesson_of(37)})
    assert experience.recall(passing(2), None) == Lesson()
    assert experience.recall(OPEN, None) == Lesson()
    assert (experience.known.keys(), experience.untold.keys()) == ({passing(1)}, {passing(1)})


def test_of_many_callers_the_least_recently_used_are_forgotten() -> None:
    """What stays in a process is bounded, however small the lessons; its own credentials' stay."""
    experience = Experience()
    experience.learn({OPEN: lesson_of(1), passing(0): lesson_of(2), passing(1): lesson_of(3)})
    for number in range(2, 1000):
        assert experience.recall(passing(0), None) != Lesson()
        experience.learn({passing(number): lesson_of(number)})
    assert 100 < len(experience.known) < 1000
    assert experience.known.keys() == experience.untold.keys() >= {OPEN, passing(0), passing(999)}
    assert passing(1) not in experience.known


def test_large_lessons_leave_room_for_fewer() -> None:
    """It is the samples that are counted; the newest lesson stays whatever its size."""
    experience, kinds = Experience(), MOST_HELD // MOST_SAMPLES // 4
    large = Lesson()
    for kind in range(kinds):
        large.add(f"a:{kind}", [Sample(1, ())] * MOST_SAMPLES, hop=1)
    for number in range(20):
        experience.learn({passing(number): large})
    assert experience.known.keys() == {passing(number) for number in range(16, 20)}


def test_what_could_not_be_told_is_told_later_unless_it_was_forgotten() -> None:
    """What came in between comes after it."""
    experience = Experience()
    experience.learn({OPEN: lesson_of(2)})
    experience.tell_again(OPEN, lesson_of(1))
    experience.tell_again(passing(1), lesson_of(1))
    assert [*map(rows, experience.untold.values())] == [[1, 2]]


def test_lessons_are_worked_out_when_they_are_wanted() -> None:
    """An answer's lessons wait for whoever asks, or for the next answer's, and are taken in once."""
    experience, worked_out = Experience(), list[int]()

    def lessons(rows: int) -> dict[Holder, Lesson]:
        worked_out.append(rows)
        return {OPEN: lesson_of(rows)}

    experience.learn_later(partial(lessons, 1))
    assert worked_out == []
    experience.learn_later(partial(lessons, 2))
    assert worked_out == [1]
    assert (experience.untold.keys(), worked_out) == ({OPEN}, [1, 2])
    assert rows(experience.known[OPEN]) == [1, 2]
    assert worked_out == [1, 2]


def test_a_kind_names_no_node() -> None:
    """Of an address only namespace and type are kept, of a selection its namespace."""
    assert kind_of(parse_address("autodesk-x@tenant:issue:secret")) == "autodesk-x:issue"
    assert kind_of(parse_address("autodesk-x@tenant")) == "*autodesk-x"
