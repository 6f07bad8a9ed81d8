"""From what a caller typed to the one canonical address it means, and the sources to ask."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from connectors.contract import Connector
from connectors.errors import AmbiguousNodeError, InvalidNodeIdError, UnknownNodeError, UnknownSourceError
from connectors.model import Address, NodeId, parse_address
from service.usecases.source import Source, accepting

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Located:
    """The canonical seed, who can be asked about it, and who owns it but cannot answer.

    `requested` is the address as it was typed. `unresolved` are the sources whose description has to
    say first which node the seed is.
    """

    requested: Address
    seed: Address
    askers: tuple[Source, ...]
    unable: tuple[Source, ...] = ()
    unresolved: tuple[Source, ...] = ()


def choose(sources: Sequence[Source], names: Sequence[str] | None) -> tuple[Source, ...]:
    """Give the sources a request asks for, all when it names none; UnknownSourceError."""
    if names is None:
        return tuple(sources)
    known = {source.name: source for source in sources}
    if unknown := [repr(name) for name in names if name not in known]:
        raise UnknownSourceError(
            f"no source is called {' or '.join(unknown)}; there are: {', '.join(sorted(known))}"
        )
    return tuple(source for source in sources if source.name in names)


def locate(text: str, sources: Sequence[Source]) -> Located:
    """Find the seed; InvalidNodeIdError, AmbiguousNodeError or UnknownNodeError."""
    address = parse_address(text)
    seed, claimants = claim(address, {source: source.connector for source in sources})
    return place(seed, sources, claimants, requested=address)


def claim(address: Address, connectors: Mapping[T, Connector]) -> tuple[Address, list[T]]:
    """Give the one canonical address that is meant, and whose it is; errors as `locate`."""
    claims: dict[Address, list[T]] = {}
    refusal: InvalidNodeIdError | AmbiguousNodeError | None = None
    for owner, connector in connectors.items():
        try:
            for candidate in connector.claim(address):
                claims.setdefault(candidate, []).append(owner)
        except (InvalidNodeIdError, AmbiguousNodeError) as error:
            refusal = refusal or error
    if not claims:
        raise refusal or UnknownNodeError(_nobody(connectors.values()))
    if len(claims) > 1:
        choices = sorted(str(candidate) for candidate in claims)
        raise AmbiguousNodeError(
            f"this address fits {len(choices)} configured tenants: {', '.join(choices)}", choices=choices
        )
    ((seed, claimants),) = claims.items()
    return seed, claimants


def place(
    seed: Address, sources: Sequence[Source], claimants: Sequence[Source], *, requested: Address
) -> Located:
    """Say who can be asked about a canonical seed."""
    askers = accepting(sources, seed)
    return Located(
        requested,
        seed,
        askers,
        unable=tuple(source for source in claimants if source not in askers),
        unresolved=tuple(
            source for source in askers if isinstance(seed, NodeId) and source.connector.unresolved(seed)
        ),
    )


def _nobody(connectors: Iterable[Connector]) -> str:
    accepted = sorted({name for connector in connectors for name in connector.spec.namespaces})
    return f"no source accepts this namespace or tenant; accepted namespaces: {', '.join(accepted)}"
