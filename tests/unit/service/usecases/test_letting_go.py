"""What an answer was told goes when the answer does: a large one is not left for the collector to find."""

import asyncio
import gc
from typing import Any
from weakref import ref

from service.usecases.request import GraphRequest


async def test_what_an_answer_was_told_goes_with_it(stage: Any) -> None:
    """Nothing that was fetched for it, nor what fetched it, is part of a cycle."""
    site = stage.source("feed", "feed")
    for end in "bcd":
        site.line("feed:host:a", f"feed:host:{end}")
        site.line(f"feed:host:{end}", f"feed:host:{end}{end}")
    gc.collect()
    gc.disable()
    try:
        answering = await stage.expander.begin(GraphRequest(("feed:host:a",), hops=2))
        await answering.run.page()
        run = answering.run
        kept = [ref(run), ref(run.machine), ref(run.drafts), ref(run.inquiry.fetcher.ledger)]
        del answering, run
        # Who has flown has a last word to the other processes.
        await asyncio.sleep(0.01)
        assert [each() for each in kept] == [None] * 4
    finally:
        gc.enable()
