"""Which calls ask about addresses, and which part of a filter those calls can say.

One address is a `relationships:search`. Several nodes are one `relationships:intersect` for each of
their containers, which knows no creation times.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from itertools import product

from connectors.contract import Deleted, Filter
from connectors.model import Address, NodeId, Selection
from connectors.sources.autodesk.address import MAX_ID_LENGTH, WHOLE_CONTAINER, is_domain
from connectors.sources.autodesk.instant import write_instant
from connectors.wire import Call, Pairs

# relationships:intersect: 1 to 20 `entities`, 1 to 20 `withEntities`.
MAX_ENTITIES = 20
_MAX_WORD_LENGTH = 128

# Without includeDeleted no deleted relationship is returned, so onlyDeleted never goes alone; the
# documentation's example sends both (relationships:search).
_DELETED: dict[Deleted, Pairs] = {
    Deleted.EXCLUDE: (),
    Deleted.INCLUDE: (("includeDeleted", "true"),),
    Deleted.ONLY: (("includeDeleted", "true"), ("onlyDeleted", "true")),
}

Entity = dict[str, str]


def push_filter(filter: Filter, *, address: Address, intersected: bool) -> Filter:
    """Give the part of `filter` that a call about `address` applies; it loses nothing wanted.

    The other end is told as domain, domain and type, or all three (relationships:search, query
    semantics). A search has room for one such description, an intersection, which is only ever of
    nodes, for twenty.
    """
    intersected = intersected and isinstance(address, NodeId)
    told = _tell_other_end(filter, room=MAX_ENTITIES if intersected else 1)
    if address.namespace == WHOLE_CONTAINER:
        # Nothing documents a described other end where no first end is described.
        told = Filter()
    return Filter(
        deleted=filter.deleted,
        created_after=None if intersected else filter.created_after,
        created_before=None if intersected else filter.created_before,
        with_namespace=told.with_namespace,
        with_type=told.with_type,
        with_key=told.with_key,
    )


def search(address: Address, filter: Filter, *, headers: Pairs, page_limit: int) -> Call:
    """Give the search for the relations of a node or a selection."""
    pushed = push_filter(filter, address=address, intersected=False)
    first_end = {} if address.namespace == WHOLE_CONTAINER else _describe(address)
    other_end = next(iter(_describe_other_end(pushed)), {})
    query = (
        *first_end.items(),
        *_tell_time("createdAfter", pushed.created_after),
        *_tell_time("createdBefore", pushed.created_before),
        *((f"with{name.capitalize()}", value) for name, value in other_end.items()),
        *_DELETED[pushed.deleted],
        ("pageLimit", str(page_limit)),
    )
    path = _path(address.tenant, operation="search")
    return Call(method="GET", path=path, nodes=(address,), query=query, headers=headers)


def intersect(nodes: Sequence[NodeId], filter: Filter, *, headers: Pairs, page_limit: int) -> Call:
    """Give the one call for the relations of up to twenty nodes of one container."""
    pushed = push_filter(filter, address=nodes[0], intersected=True)
    body = {"entities": [_describe(node) for node in nodes]}
    if with_entities := _describe_other_end(pushed):
        body["withEntities"] = with_entities
    return Call(
        method="POST",
        path=_path(nodes[0].tenant, operation="intersect"),
        nodes=tuple(nodes),
        query=(*_DELETED[pushed.deleted], ("pageLimit", str(page_limit))),
        headers=(*headers, ("content-type", "application/json")),
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
    )


def _path(container: str | None, *, operation: str) -> str:
    return f"/bim360/relationship/v2/containers/{container}/relationships:{operation}"


def _describe(address: Address) -> Entity:
    if isinstance(address, Selection):
        return {"domain": address.namespace} | ({} if address.type is None else {"type": address.type})
    return {"domain": address.namespace, "type": address.type, "id": address.key}


def _describe_other_end(pushed: Filter) -> list[Entity]:
    key: Entity = {} if pushed.with_key is None else {"id": pushed.with_key}
    domains = [{"domain": domain} for domain in pushed.with_namespace]
    types = [{"type": type_} for type_ in pushed.with_type] or [{}]
    return [domain | type_ | key for domain, type_ in product(domains, types)]


def _tell_other_end(filter: Filter, *, room: int) -> Filter:
    domains, types, key = filter.with_namespace, filter.with_type, filter.with_key
    if not 1 <= len(domains) <= room or not all(is_domain(d) and _fits(d) for d in domains):
        return Filter()
    if not 1 <= len(types) * len(domains) <= room or not all(_fits(type_) for type_ in types):
        return Filter(with_namespace=domains)
    if key is None or not _fits(key, longest=MAX_ID_LENGTH):
        return Filter(with_namespace=domains, with_type=types)
    return Filter(with_namespace=domains, with_type=types, with_key=key)


def _fits(text: str, *, longest: int = _MAX_WORD_LENGTH) -> bool:
    """Tell whether the service can be told `text`: within its limits, and Unicode that can be encoded."""
    return 1 <= len(text) <= longest and not any("\ud800" <= character <= "\udfff" for character in text)


def _tell_time(parameter: str, time: datetime | None) -> Pairs:
    # Whether the bounds include their own instant is not documented: the asker tests exactly.
    return () if time is None else ((parameter, write_instant(time)),)
