"""Finds out which tenants a caller's credentials are taken for, where the crosswalk depends on it.

What an upstream has said lately is in the markers. Where they say nothing, one question about an
address that the crosswalk names is asked. None of that is part of the answer: neither its calls nor
its sources tell what was asked here, and one reply shows whether the credential is taken.
"""

from asyncio import Semaphore, TaskGroup
from collections.abc import Callable
from itertools import islice

from connectors.ports import Caller
from service.graph.budget import Tally
from service.usecases.ask import Ask
from service.usecases.asking.fetch import Fetcher
from service.usecases.asking.flights import Flights
from service.usecases.cached.marker import Realm
from service.usecases.cached.shelf import Shelf
from service.usecases.crosswalk.kinship import Kinship

# Tenants asked about for one answer, and at once; of others it stays open whether they are the
# caller's. A crosswalk that speaks of more is rare, and a caller who may see them all rarer still.
_MOST_ASKED = 20
_AT_ONCE = 5


async def prove(
    kinship: Kinship, *, make_shelf: Callable[[], Shelf], flights: Flights, caller: Caller, deadline: float
) -> None:
    """Have `kinship` judge every source and tenant that it has to know of, as far as can be found out."""
    shelf = make_shelf()
    kinship.verdicts |= await shelf.verdicts(kinship.landmarks, deadline=deadline)
    if shelf.tolerance.only_if_cached:
        return
    turns = Semaphore(_AT_ONCE)

    async def ask(realm: Realm) -> None:
        for node in kinship.landmarks[realm]:
            apart = make_shelf()
            question = Ask(apart.sources[realm[0]], node)
            async with turns:
                fetcher = Fetcher(apart, flights, apart.cabinet.clock, Tally(limit=1), deadline, caller)
                answered = await fetcher.fetch([question], nodes=())
            if kinship.judge(realm, answered[question].finding):
                return

    open_ = (realm for realm in kinship.landmarks if realm not in kinship.verdicts)
    async with TaskGroup() as group:
        for realm in islice(open_, _MOST_ASKED):
            group.create_task(ask(realm))
