"""From ThreatWinds' entities to nodes, facts and edges.

A shown value is an address only if it hashes to its entity's id: the text as it came, or else its
normalised spelling. Acceptance rules bind what callers type, not what the source shows. Anything
else keeps the address of its id, and the value is its label.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from connectors.contract import Page
from connectors.errors import SourceContractError
from connectors.model import Attributes, Edge, NodeFacts, NodeId, Relation, Value, undirected
from connectors.sources.threatwinds.native import NativeId, native_of, parse_native, place, unnamed
from connectors.sources.threatwinds.payload import Entity, Slice
from connectors.sources.threatwinds.quantity import write_float
from connectors.sources.threatwinds.slices import WINDOW
from connectors.sources.threatwinds.vocabulary import TYPES

MAPPING_VERSION = 1

_Scalar = str | int | float | bool

# The endpoint tells neither the mode of a relation nor its direction (threatwinds.md 3.2).
RELATED_TO = Relation("related_to", directed=False)

_HELD_BACK = f"the source shows at most {WINDOW} relations of a node, and this one has that many or more"


def map_relations(asked: NodeId, page: Slice) -> Page:
    """Give the edges from the node asked about to every row of a page, and the rows' facts."""
    edges: list[Edge] = []
    facts: list[NodeFacts] = []
    itself = native_of(asked)
    for position, row in enumerate(page.rows):
        native = read_native(row, path=f"{page.list_path}[{position}]")
        shown = _shown_text(row)
        # A node related to itself stays the node that was asked about, however it was named.
        node = asked if native == itself else identify(native, row)
        subject, object_ = undirected(asked, node)
        edges.append(Edge(subject, object_, RELATED_TO.name, RELATED_TO.directed))
        facts.append(NodeFacts(node, label=shown, attributes=_attributes(row)))
    capped = page.items >= WINDOW
    return Page(
        edges=tuple(edges),
        facts=tuple(facts),
        total=page.items,
        capped=capped,
        withheld=_HELD_BACK if capped else None,
    )


def map_description(asked: NodeId, entity: Entity) -> Page:
    """Give the facts of the node asked about, and its canonical address if it had none yet."""
    native = read_native(entity, path="$")
    if native != native_of(asked):
        raise SourceContractError("not the entity that was asked for", path="$.id")
    known = identify(native, entity)
    resolved = known if asked == unnamed(native) and known != asked else None
    node = asked if resolved is None else resolved
    facts = NodeFacts(node, label=_shown_text(entity), attributes=_attributes(entity))
    return Page(facts=(facts,), canonical=resolved)


def read_native(entity: Entity, *, path: str) -> NativeId:
    """Read an entity's id, which must name the entity's own type; `path` is where it stands."""
    native = parse_native(entity.id)
    if native is None:
        raise SourceContractError("not a type, a hyphen and 64 hexadecimal characters", path=f"{path}.id")
    if native.type != entity.type:
        raise SourceContractError("not the type that the id names", path=f"{path}.type")
    return native


def identify(native: NativeId, entity: Entity) -> NodeId:
    """Give the node of an entity: the first reading of its value that hashes to its id decides.

    A value hashed before it was normalised (as before 2024-04) is no address: typed, it would be
    normalised and lead to another entity. Such an entity keeps the address of its id.
    """
    form = TYPES.get(native.type)
    for text in _readings(entity):
        leads_back = form is None or form.spell(text) == text
        if native.tells(text) and leads_back and (node := place(native.type, text)) is not None:
            return node
    return unnamed(native)


def _readings(entity: Entity) -> Iterator[str]:
    """Give every text the shown value can stand for, the plainest first."""
    shown = _shown(entity)
    if shown is None:
        return
    raw = _write(shown)
    yield raw
    form = TYPES.get(entity.type)
    if form is not None and (spelled := form.spell(raw)) is not None:
        yield spelled
    if isinstance(shown, float) and shown.is_integer():
        # A whole number that JSON carried as a float.
        yield str(int(shown))


def _shown(entity: Entity) -> _Scalar | None:
    # The attribute named like the type holds the value; some examples call it `value` instead.
    shown = entity.attributes.get(entity.type, entity.attributes.get("value"))
    return None if isinstance(shown, tuple) else shown


def _shown_text(entity: Entity) -> str | None:
    shown = _shown(entity)
    return None if shown is None else _write(shown)


def _write(shown: _Scalar) -> str:
    """Write a value as Go prints it, which is what ids are hashes of."""
    if isinstance(shown, bool):
        return "true" if shown else "false"
    return write_float(shown) if isinstance(shown, float) else str(shown)


def _attributes(entity: Entity) -> Attributes:
    told: dict[str, Value] = {**entity.attributes, "tags": entity.tags}
    if entity.reputation is not None:
        told["reputation"] = entity.reputation
    if entity.accuracy is not None:
        told["accuracy"] = entity.accuracy
    if entity.updated_at is not None:
        told["updated_at"] = _write_time(entity.updated_at)
    return tuple(sorted(told.items(), key=lambda pair: pair[0]))


def _write_time(time: datetime) -> str:
    return time.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
