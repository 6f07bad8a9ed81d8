"""An answer goes with the last who refers to it: what only a collector finds stops everybody meanwhile."""

import asyncio
import gc
from collections import Counter
from typing import Any

from harness.costs import uncollected

HUB = "n:t:hub"


async def _left_by(stage: Any) -> Counter[str]:
    """Ask, let go of the answer, and give what nobody refers to by kind."""
    gc.collect()
    with uncollected():
        await stage.ask(HUB, hops=3)
        # What was put off until the loop is free refers to it as well.
        await asyncio.sleep(0.01)
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            gc.collect()
            return Counter(type(each).__qualname__ for each in gc.garbage)
        finally:
            gc.set_debug(0)
            gc.garbage.clear()


def _star(stage: Any) -> None:
    site = stage.source("s1", "n", describes=True)
    for number in range(20):
        site.line(HUB, f"n:t:{number}")
        site.line(f"n:t:{number}", f"n:t:{number} beyond")


async def test_an_answer_from_the_cache_leaves_nothing_to_collect(stage: Any) -> None:
    """Neither its listings, nor what was made of them."""
    _star(stage)
    await stage.ask(HUB, hops=3)
    assert await _left_by(stage) == Counter()


async def test_an_answer_from_its_sources_leaves_nothing_to_collect(stage: Any) -> None:
    """Neither its questions, nor the walks that asked them."""
    _star(stage)
    # What only the first answer makes is kept.
    await stage.ask("n:t:0 beyond")
    assert await _left_by(stage) == Counter()
