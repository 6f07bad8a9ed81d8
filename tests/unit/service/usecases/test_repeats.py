"""What is kept whole, for how long, and what ends it."""

from datetime import datetime, timedelta

import pytest

from harness.toy import FixedClock
from service.usecases.cached.footing import Footing
from service.usecases.repeats import Repeats

MINUTE = timedelta(minutes=1)


class Kept:
    """Some repeats of a thousand bytes, a clock and a server that tells of changes."""

    def __init__(self, most_bytes: int = 10_000) -> None:
        self.clock = FixedClock()
        self.tracking = True
        self.untold: list[bytes] = []
        self.repeats = Repeats[str](most_bytes=most_bytes, clock=self.clock, watch=self)

    async def heed(self) -> bool:
        """Have told what was not told yet."""
        self.repeats.note_changed(self.untold)
        return self.tracking

    @property
    def later(self) -> datetime:
        """Give a moment in a minute."""
        return self.clock.now() + MINUTE

    def expect(self, question: bytes) -> Footing:
        """Ask for the second time."""
        self.repeats.expect(question)
        footing = self.repeats.expect(question)
        assert footing is not None
        return footing

    def keep(self, question: bytes, *keys: str, size: int = 100) -> bool:
        """Have an answer read from these keys kept."""
        footing = self.expect(question)
        footing.stand_on(keys, until=self.later, whole=True)
        return self.repeats.keep(question, question.decode(), footing=footing, size=size)


@pytest.fixture
def kept() -> Kept:
    """Give empty repeats."""
    return Kept()


async def test_what_is_asked_once_is_not_kept(kept: Kept) -> None:
    """The first time a question is only remembered."""
    assert kept.repeats.expect(b"q") is None
    assert kept.repeats.expect(b"other") is None
    assert kept.repeats.expect(b"q") is not None


async def test_an_answer_is_given_to_its_own_question_alone(kept: Kept) -> None:
    """Whoever asks something else finds nothing."""
    assert kept.keep(b"q", "a", "b")
    assert await kept.repeats.find(b"q") == "q"
    assert await kept.repeats.find(b"p") is None


@pytest.mark.parametrize("told", [(b"b",), (b"z", b"a"), None])
async def test_a_change_ends_what_was_read_from_it(kept: Kept, told: tuple[bytes, ...] | None) -> None:
    """One key is enough, and an emptied store ends all; nothing of what ended takes room."""
    kept.keep(b"q", "a", "b")
    kept.repeats.note_changed(told)
    assert await kept.repeats.find(b"q") is None
    assert kept.repeats.held_bytes == 0


async def test_a_change_that_is_still_to_be_told_is_heeded(kept: Kept) -> None:
    """What the store has sent and nobody has read yet ends what is kept before it is given."""
    kept.keep(b"q", "a")
    kept.untold = [b"a"]
    assert await kept.repeats.find(b"q") is None


async def test_a_change_of_another_key_ends_nothing(kept: Kept) -> None:
    """What nobody read from is nobody's."""
    kept.keep(b"q", "a", "b")
    kept.repeats.note_changed([b"c"])
    assert await kept.repeats.find(b"q") == "q"


@pytest.mark.parametrize("told", [(b"a",), None])
async def test_a_change_while_an_answer_is_made_keeps_it_out(
    kept: Kept, told: tuple[bytes, ...] | None
) -> None:
    """It may have been read before the change, and nobody tells of that again."""
    footing = kept.expect(b"q")
    kept.repeats.note_changed(told)
    footing.stand_on(["a"], until=kept.later, whole=True)
    assert not kept.repeats.keep(b"q", "q", footing=footing, size=100)
    assert await kept.repeats.find(b"q") is None


async def test_what_lacked_something_is_not_kept(kept: Kept) -> None:
    """Though the rest of it was all there."""
    footing = kept.expect(b"q")
    footing.stand_on(["a"], until=kept.later, whole=False)
    footing.stand_on(["b"], until=kept.later, whole=True)
    assert not kept.repeats.keep(b"q", "q", footing=footing, size=100)


async def test_it_ends_with_the_first_part_that_is_stale(kept: Kept) -> None:
    """Until a moment before, it is given."""
    footing = kept.expect(b"q")
    footing.stand_on(["a"], until=kept.later, whole=True)
    footing.stand_on(["b"], until=kept.later + MINUTE, whole=True)
    assert kept.repeats.keep(b"q", "q", footing=footing, size=100)
    kept.clock.passed += 59
    assert await kept.repeats.find(b"q") == "q"
    kept.clock.passed += 1
    assert await kept.repeats.find(b"q") is None


async def test_what_is_stale_already_is_not_kept(kept: Kept) -> None:
    """It would be found never."""
    footing = kept.expect(b"q")
    footing.stand_on(["a"], until=kept.clock.now(), whole=True)
    assert not kept.repeats.keep(b"q", "q", footing=footing, size=100)


async def test_while_nobody_tells_of_changes_nothing_is_given_or_kept(kept: Kept) -> None:
    """And what was kept before is gone afterwards: a change may have been missed."""
    kept.keep(b"q", "a")
    footing = kept.expect(b"p")
    footing.stand_on(["a"], until=kept.later, whole=True)
    kept.tracking = False
    assert await kept.repeats.find(b"q") is None
    assert kept.repeats.expect(b"q") is None
    assert not kept.repeats.keep(b"p", "p", footing=footing, size=100)
    kept.tracking = True
    assert await kept.repeats.find(b"q") is None


async def test_what_was_asked_for_longest_ago_goes_first(kept: Kept) -> None:
    """When there is no room for all; no answer is larger than a quarter of it."""
    for question in (b"1", b"2", b"3", b"4"):
        assert kept.keep(question, question.decode(), size=2000)
    await kept.repeats.find(b"1")
    assert kept.keep(b"5", "5", size=2000)
    assert [question for question in (b"1", b"2", b"3", b"4", b"5") if await kept.repeats.find(question)] == [
        *(b"1", b"3", b"4", b"5")
    ]
    assert (kept.repeats.has_room(2500), kept.repeats.has_room(2501)) == (True, False)
    assert not kept.keep(b"6", "6", size=2500)
    assert kept.repeats.held_bytes <= 10_000


async def test_an_answer_kept_anew_takes_the_place_of_the_old_one(kept: Kept) -> None:
    """And what only the old one was read from ends nothing any more."""
    kept.keep(b"q", "a")
    held = kept.repeats.held_bytes
    kept.keep(b"q", "b")
    assert kept.repeats.held_bytes == held
    kept.repeats.note_changed([b"a"])
    assert await kept.repeats.find(b"q") == "q"
