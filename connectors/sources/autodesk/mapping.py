"""From a page of relationships to edges and facts, for the addresses the call asked about."""

from collections.abc import Sequence
from datetime import datetime

from connectors.contract import Page
from connectors.model import Address, Edge, NodeFacts, NodeId, Relation, undirected
from connectors.paging import by_cursor
from connectors.sources.autodesk.address import WHOLE_CONTAINER, is_domain
from connectors.sources.autodesk.instant import write_instant
from connectors.sources.autodesk.payload import Relationship, read_listing
from connectors.wire import Call, Reply

# Raised whenever an old reply would give something else.
MAPPING_VERSION = 1

# The service has one kind of relation and knows no direction: entities come in either order.
RELATED_TO = Relation("related_to", directed=False)

_NO_ADDRESS = "a relation leads to a domain that is not autodesk-*, which has no address here"


def read_page(call: Call, reply: Reply) -> Page:
    """Read a page: the edges that touch what was asked, the facts of their ends, the next page.

    A row that has nothing to do with the question is dropped: the documentation's own example
    reply shows one. SourceContractError with the JSON path when the body has another shape.
    """
    listing = read_listing(reply.body)
    container = call.nodes[0].tenant
    edges: list[Edge] = []
    born: dict[tuple[NodeId, NodeId | None], datetime] = {}
    withheld: str | None = None
    for row in listing.relationships:
        one, other = row.entities
        ends = (one.name_node(container=container), other.name_node(container=container))
        if not any(_concerns(address, ends) for address in call.nodes):
            continue
        if not all(is_domain(end.namespace) for end in ends):
            withheld = _NO_ADDRESS
            continue
        edges.append(_read_edge(row, ends=ends))
        askers = _askers(call, ends)
        for end, entity in zip(ends, row.entities, strict=True):
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
        withheld=withheld,
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


def _askers(call: Call, ends: Sequence[NodeId]) -> Sequence[NodeId | None]:
    """Give the nodes of a batch that a row was shown to; None stands for a call's only address."""
    return (None,) if len(call.nodes) == 1 else [end for end in dict.fromkeys(ends) if end in call.nodes]


def _concerns(address: Address, ends: Sequence[NodeId]) -> bool:
    """Tell whether a row with these ends answers a question about `address`."""
    if isinstance(address, NodeId):
        return address in ends
    return address.namespace == WHOLE_CONTAINER or any(address.covers(end) for end in ends)
