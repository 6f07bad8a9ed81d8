"""What single-flight needs of the fleet: who asks a question now, and a word when it has been asked."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from connectors.ports import Caller


@dataclass(frozen=True, slots=True)
class Led:
    """Another process asks already; `until` is when its lease ends unless renewed (`monotonic`)."""

    until: float


class Taken(dict[str, Led]):
    """The leases of some that others hold; with `nothing_kept` none of what was looked for was there."""

    nothing_kept: bool = False


class Leases(Protocol):
    """Leases on questions in the whole fleet; where the store fails, everybody leads.

    A lease has an end, is renewed while it is held, and can be given back by its holder alone. No
    method raises for trouble with the store.
    """

    async def take(
        self, keys: Sequence[str], *, caller: Caller, kept: Sequence[str] = ()
    ) -> Mapping[str, Led]:
        """Take every lease that nobody holds, in one round trip, and give the others.

        `kept` are the store keys under which answers would be. Where it can be told on the way, a
        `Taken` says that none of them was there when the leases were taken: who looks finds nothing.
        Who leads one of the others is told that `caller` waits for it. From the moment of this call
        on no word about one of the others is missed: whoever is given `Led` follows it by `freed`,
        or says `unfollow`.
        """
        ...

    async def give_back(self, keys: Collection[str]) -> None:
        """Let go of leases held here; everybody who follows one is told."""
        ...

    async def freed(self, key: str, *, until: float) -> bool:
        """Wait until the lease is given back or has ended: True; False when `until` came first.

        Nobody polls: a word comes from the holder, and the server is looked at when a lease that
        was not renewed would end.
        """
        ...

    def unfollow(self, keys: Collection[str]) -> None:
        """Wait no more for these."""
        ...

    def on_wanted(self, listener: Callable[[str, Caller], None]) -> None:
        """Have `listener` told of each caller elsewhere who waits for a lease held here."""
        ...


class OneProcess:
    """Leases of a process that has no fleet: it always leads, and nobody waits elsewhere."""

    async def take(
        self,
        keys: Sequence[str],  # noqa: ARG002 - the port's
        *,
        caller: Caller,  # noqa: ARG002 - the same
        kept: Sequence[str] = (),  # noqa: ARG002 - the same
    ) -> Mapping[str, Led]:
        """Lead everything."""
        return {}

    async def give_back(self, keys: Collection[str]) -> None:
        """Do nothing: nobody is waiting."""

    async def freed(self, key: str, *, until: float) -> bool:  # noqa: ARG002 - the port's
        """Tell that nothing is led elsewhere."""
        return True

    def unfollow(self, keys: Collection[str]) -> None:
        """Do nothing: nothing is followed."""

    def on_wanted(self, listener: Callable[[str, Caller], None]) -> None:
        """Do nothing: nobody else ever waits."""
