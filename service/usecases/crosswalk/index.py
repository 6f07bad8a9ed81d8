"""From crosswalk rows as written to the index that answers use: what their addresses mean here.

Each address becomes canonical through the `claim` of the configured sources, as what a caller types
does, with one difference: what no source claims, or one knows and would not take from a caller
(a private IP that it shows all the same), stays as it was written. One that fits several tenants is
a mistake and is never guessed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.contract import Connector
from connectors.errors import AmbiguousNodeError, InvalidNodeIdError
from connectors.model import NodeId, parse_address
from service.cache.crosswalk import WrittenRow
from service.graph.identity import MOST_MEMBERS, Crosswalk, Row

Connectors = Mapping[str, Connector]
"""The configured sources' connectors, by the sources' names."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an address as written means here.

    `unresolved`: it is an id whose value only a source's description tells. `doubt` is why the
    address may join less than its writer thinks.
    """

    node: NodeId
    unresolved: bool = False
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that joins nothing here, and why."""

    row: WrittenRow
    reason: str


class Meanings:
    """What addresses mean to the configured sources; each is looked up once."""

    def __init__(self, connectors: Connectors) -> None:
        """Ask these; of none every address is taken as written."""
        self._connectors = connectors
        self._known: dict[str, Meaning | str] = {}

    def of(self, text: str) -> Meaning | str:
        """Give what a node's address means, or the words for why that cannot be said."""
        known = self._known.get(text)
        if known is None:
            try:
                known = self._find(_node(text))
            except (InvalidNodeIdError, AmbiguousNodeError) as error:
                known = str(error)
            self._known[text] = known
        return known

    def _find(self, node: NodeId) -> Meaning:
        claims: set[NodeId] = set()
        refusal: InvalidNodeIdError | AmbiguousNodeError | None = None
        for connector in self._connectors.values():
            try:
                claims.update(claim for claim in connector.claim(node) if isinstance(claim, NodeId))
            except (InvalidNodeIdError, AmbiguousNodeError) as error:
                refusal = refusal or error
        if len(claims) > 1:
            choices = sorted(map(str, claims))
            told = f"this address fits {len(choices)} configured tenants: {', '.join(choices)}"
            raise AmbiguousNodeError(told, choices=choices)
        if not claims and refusal is not None:
            if not any(connector.accepts(node) for connector in self._connectors.values()):
                raise refusal
            return Meaning(node, doubt=f"taken as written, since it cannot be normalised: {refusal}")
        (found,) = claims or {node}
        if any(each.unresolved(found) and each.accepts(found) for each in self._connectors.values()):
            told = "joins only what is shown by this id, or a value that another row names"
            return Meaning(found, unresolved=True, doubt=told)
        return Meaning(found)


def index_rows(
    rows: Iterable[WrittenRow],
    *,
    connectors: Connectors,
    loaded_at: datetime,
    digest: str = "",
    most_members: int = MOST_MEMBERS,
) -> tuple[Crosswalk, tuple[LeftOut, ...]]:
    """Build the index, and say which rows are not in it.

    Those are rows with an address that cannot be told, and all rows of a group that is too large:
    merging a part of it would be a guess.
    """
    meanings = Meanings(connectors)
    placed: dict[WrittenRow, Row] = {}
    left_out: list[LeftOut] = []
    nodes: set[NodeId] = set()
    unresolved: set[NodeId] = set()
    for row in rows:
        one, other = meanings.of(row.address), meanings.of(row.same_as)
        if isinstance(one, str) or isinstance(other, str):
            left_out.append(LeftOut(row, one if isinstance(one, str) else str(other)))
            continue
        placed[row] = Row(one.node, other.node, row.source, row.confidence, row.visibility)
        nodes.update((one.node, other.node))
        unresolved.update(each.node for each in (one, other) if each.unresolved)
    if unresolved and (values := _values(unresolved, nodes, connectors)):
        placed = {written: _by_value(row, values) for written, row in placed.items()}
    crosswalk = Crosswalk(placed.values(), loaded_at=loaded_at, digest=digest)
    crowds = {node: crowd for crowd in _crowds(crosswalk, most_members) for node in crowd}
    if crowds:
        for row, meant in placed.items():
            if meant.address in crowds:
                left_out.append(LeftOut(row, _crowded(crowds[meant.address], most_members)))
        kept = [row for row in placed.values() if row.address not in crowds]
        crosswalk = Crosswalk(kept, loaded_at=loaded_at, digest=digest)
    return crosswalk, tuple(left_out)


def _values(ids: Iterable[NodeId], nodes: Iterable[NodeId], connectors: Connectors) -> dict[NodeId, NodeId]:
    """Give the ids whose value is among the nodes, with it: the two are one node already."""
    wanted = {str(node): node for node in ids}
    return {
        wanted[alias]: node
        for node in nodes
        for connector in connectors.values()
        if connector.accepts(node)
        for alias in connector.aliases(node)
        if alias in wanted
    }


def _by_value(row: Row, values: Mapping[NodeId, NodeId]) -> Row:
    address, same_as = (values.get(node, node) for node in (row.address, row.same_as))
    return replace(row, address=address, same_as=same_as)


def _crowds(crosswalk: Crosswalk, most: int) -> Iterator[Sequence[NodeId]]:
    return (members for members in crosswalk.components() if len(members) > most)


def _crowded(crowd: Sequence[NodeId], most: int) -> str:
    return f"{len(crowd)} addresses would be one thing, {str(crowd[0])!r} the smallest; {most} may"


def _node(text: str) -> NodeId:
    address = parse_address(text)
    if not isinstance(address, NodeId):
        raise InvalidNodeIdError("a selection is no node")
    return address
