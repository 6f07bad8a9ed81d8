"""The time kept for writing an answer follows what writing takes, and never takes most of the answer's."""

from service.usecases.answer.reserve import Reserve


def test_what_is_kept_follows_what_it_takes() -> None:
    """A longer time is believed within a few answers, a shorter one within some tens; both are reached."""
    reserve = Reserve()
    for _ in range(6):
        reserve.learn(records=1000, seconds=1.0)
    assert 0.9 < reserve.of(1000, timeout=60) <= 1.0
    reserve.learn(records=1000, seconds=0.01)
    assert reserve.of(1000, timeout=60) > 0.8
    for _ in range(60):
        reserve.learn(records=1000, seconds=0.01)
    assert 0.01 <= reserve.of(1000, timeout=60) < 0.02


def test_one_answer_that_was_held_up_is_not_the_rule() -> None:
    """A minute lost to something else makes nobody's answer seem half as long again, or more."""
    reserve = Reserve()
    for _ in range(60):
        reserve.learn(records=1000, seconds=0.02)
    before = reserve.takes(1000)
    reserve.learn(records=1000, seconds=60)
    assert before < reserve.takes(1000) <= 1.5 * before


def test_a_small_answer_teaches_nothing() -> None:
    """What any answer takes is no part of what a record takes."""
    reserve = Reserve()
    before = reserve.of(1000, timeout=60)
    reserve.learn(records=10, seconds=5.0)
    reserve.learn(records=0, seconds=5.0)
    assert reserve.of(1000, timeout=60) == before


def test_half_of_the_time_is_the_sources() -> None:
    """However large an answer is expected to become."""
    assert Reserve().of(10**9, timeout=0.3) == 0.15
    assert Reserve().of(0, timeout=0.3) == 0
