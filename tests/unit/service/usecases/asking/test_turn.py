"""Turns among the questions of one answer."""

from asyncio import Semaphore

import pytest

from service.usecases.asking.turn import Turn


async def test_a_turn_that_ended_early_is_another_questions_at_once() -> None:
    """Whoever is done before its block is leaves one turn behind, and only one."""
    turns = Semaphore(1)
    first = Turn(turns)
    async with first:
        assert turns.locked()
        first.end()
        first.end()
        async with Turn(turns):
            assert turns.locked()
    async with Turn(turns):
        assert turns.locked()


async def test_a_turn_ends_with_its_block() -> None:
    """Whatever has ended the block."""
    turns = Semaphore(1)
    with pytest.raises(ValueError, match="whatever"):
        async with Turn(turns):
            raise ValueError("whatever")
    assert not turns.locked()
