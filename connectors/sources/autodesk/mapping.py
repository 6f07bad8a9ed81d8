"""From a page of relationships to edges and facts, for the addresses the call asked about."""

from collections.abc import Sequence
from datetime import datetime

from connectors.contract import Page
from connectors.model import Address, Edge, NodeFacts, NodeId, Relation, undirected
from connectors.paging import by_cursor
from connectors.sources.autodesk.address import WHOLE_CONTAINER
from connectors.sources.autodesk.instant import write_instant
from connectors.sources.autodesk.payload import Relationship, read_listing
from connectors.wire import Call, Reply

# Raised whenever an old reply would give something else.
MAPPING_VERSION = 2

# The service has one kind of relation and knows no direction: entities come in either order.
RELATED_TO = Relation("related_to", directed=False)

_NO_ADDRESS = "a relation leads to what has no address here, as a domain that is not autodesk-*"
_OTHER_CASE = "a relation names what was asked about in other capitals: the source may tell more by that name"


def read_page(call: Call, reply: Reply) -> Page:
    """Read a page: the edges that touch what was asked, the facts of their ends, the next page.

    A row that has nothing to do with the question is dropped: the documentation's own example
    reply shows one. A row of which an end has no address is told of as held back, from whom it is
    about; so is one that spells who was asked about in other capitals, since nobody documents whether
    the two are one. SourceContractError with the JSON path when the body has another shape.
    """
    listing = read_listing(reply.body)
    container = call.nodes[0].tenant
    edges: list[Edge] = []
    born: dict[tuple[NodeId, NodeId | None], datetime] = {}
    withheld: dict[str, None] = {}
    withheld_from: dict[Address, None] = {}
    for row in listing.relationships:
        named = [entity.name_node(container=container) for entity in row.entities]
        concerned = [address for address in call.nodes if _concerns(address, row, named)]
        if not concerned:
            if meant := [address for address in call.nodes if _concerns_folded(address, row)]:
                withheld[_OTHER_CASE] = None
                withheld_from |= dict.fromkeys(meant)
            continue
        one, other = named
        if one is None or other is None:
            withheld[_NO_ADDRESS] = None
            withheld_from |= dict.fromkeys(concerned)
            continue
        edges.append(_read_edge(row, ends=(one, other)))
        askers = _askers(call, concerned)
        for end, entity in zip((one, other), row.entities, strict=True):
            if (at := entity.created_on) is not None:
                born |= {(end, asked): min(at, born.get((end, asked), at)) for asked in askers}
    return Page(
        edges=tuple(edges),
        facts=tuple(_tell_birth(node, at, asked=asked) for (node, asked), at in born.items()),
        follow=by_cursor(
            call,
            parameter="continuationToken",
            token=listing.page.continuation_token,
            path="$.page.continuationToken",
        ),
        withheld="; ".join(withheld) or None,
        withheld_from=tuple(withheld_from),
    )


def _read_edge(row: Relationship, *, ends: tuple[NodeId, NodeId]) -> Edge:
    subject, object_ = undirected(*ends)
    told = (("is_read_only", row.is_read_only), ("is_service", row.is_service))
    return Edge(
        subject=subject,
        object=object_,
        relation=RELATED_TO.name,
        directed=RELATED_TO.directed,
        record=row.id,
        created_at=row.created_on,
        deleted_at=row.deleted_on,
        deleted=row.deleted_on is not None if row.is_deleted is None else row.is_deleted,
        attributes=tuple((name, value) for name, value in told if value is not None),
    )


def _tell_birth(node: NodeId, at: datetime, *, asked: NodeId | None) -> NodeFacts:
    return NodeFacts(node, attributes=(("created_at", write_instant(at)),), asked=asked)


def _askers(call: Call, concerned: Sequence[Address]) -> Sequence[NodeId | None]:
    """Give the nodes of a batch that a row was shown to; None stands for a call's only address."""
    if len(call.nodes) == 1:
        return (None,)
    return [address for address in concerned if isinstance(address, NodeId)]


def _concerns(address: Address, row: Relationship, named: Sequence[NodeId | None]) -> bool:
    """Tell whether a row answers a question about `address`; `named` are its ends that have one."""
    if isinstance(address, NodeId):
        return address in named
    if address.namespace == WHOLE_CONTAINER:
        return True
    return any(
        entity.domain == address.namespace and address.type in (None, entity.type) for entity in row.entities
    )


def _concerns_folded(address: Address, row: Relationship) -> bool:
    """Tell whether a row would answer a question about `address` if capitals meant nothing."""
    key = address.key if isinstance(address, NodeId) else None
    asked = [part if part is None else part.casefold() for part in (address.namespace, address.type, key)]
    return any(
        all(
            part is None or part == told.casefold()
            for part, told in zip(asked, (entity.domain, entity.type, entity.id), strict=True)
        )
        for entity in row.entities
    )
