"""From ThreatWinds' entities to nodes, facts and edges.

A shown value is an address only if it hashes to its entity's id: the text as it came, or else its
normalised spelling. Acceptance rules bind what callers type, not what the source shows. Anything
else keeps the address of its id, and the value is its label.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any

from connectors.contract import Page
from connectors.errors import SourceContractError
from connectors.model import Attributes, Edge, NodeFacts, NodeId, Relation, Value, undirected
from connectors.model.many import build
from connectors.observable.form import Form
from connectors.sources.threatwinds.native import native_of, parse_native, place, unnamed
from connectors.sources.threatwinds.payload import Entity, Slice
from connectors.sources.threatwinds.plain import PlainRow, PlainSlice
from connectors.sources.threatwinds.quantity import write_float
from connectors.sources.threatwinds.slices import WINDOW
from connectors.sources.threatwinds.vocabulary import TYPES
from connectors.wire import Call

MAPPING_VERSION = 1

_Scalar = str | int | float | bool

# The endpoint tells neither the mode of a relation nor its direction (threatwinds.md 3.2).
RELATED_TO = Relation("related_to", directed=False)

# Characters; longer values are not kept in mind.
_LONG = 256

_NOTHING = repeat(None)

_HELD_BACK = f"the source shows at most {WINDOW} relations of a node, and this one has that many or more"


def map_relations(asked: NodeId, page: Slice | PlainSlice, *, follow: tuple[Call, ...] = ()) -> Page:
    """Give the edges from the node asked about to every row of a page, the rows' facts, and what follows."""
    nodes: list[NodeId] = []
    labels: list[str | None] = []
    itself = str(native_of(asked))
    rows: Sequence[Entity | PlainRow] = page.rows
    for position, row in enumerate(rows):
        shown = _shown(row)
        known = _known(row.id, row.type, shown)
        if known is None:
            raise _mistake(row, path=f"{page.list_path}[{position}]")
        # A node related to itself stays the node that was asked about, however it was named.
        nodes.append(asked if row.id == itself else known)
        labels.append(_text(shown))
    capped = page.items >= WINDOW
    return Page(
        edges=_edges(asked, nodes),
        facts=tuple(build(NodeFacts, len(nodes), nodes, labels, _NOTHING, map(_attributes, rows), _NOTHING)),
        # What one page shows twice is one relation; what two pages do is a listing that has shifted.
        total=page.items - (len(rows) - len({row.id for row in rows})),
        capped=capped,
        withheld=_HELD_BACK if capped else None,
        follow=follow,
    )


def _edges(asked: NodeId, nodes: Sequence[NodeId]) -> tuple[Edge, ...]:
    """Give the edge to each of these; nothing is told of one but that it is there."""
    if not nodes:
        return ()
    subjects, objects = zip(*[undirected(asked, node) for node in nodes], strict=True)
    name, directed = repeat(RELATED_TO.name), repeat(RELATED_TO.directed)
    bare = (_NOTHING, _NOTHING, _NOTHING, repeat(object=False), repeat(()))
    return tuple(build(Edge, len(nodes), subjects, objects, name, directed, *bare))


def map_description(asked: NodeId, entity: Entity) -> Page:
    """Give the facts of the node asked about, and its canonical address if it had none yet."""
    shown = _shown(entity)
    known = _known(entity.id, entity.type, shown)
    if known is None:
        raise _mistake(entity, path="$")
    native = native_of(asked)
    if native is None or entity.id != str(native):
        raise SourceContractError("not the entity that was asked for", path="$.id")
    resolved = known if asked == unnamed(native) and known != asked else None
    node = asked if resolved is None else resolved
    facts = NodeFacts(node, label=_text(shown), attributes=_attributes(entity))
    return Page(facts=(facts,), canonical=resolved)


def _known(id_: str, type_: str, shown: _Scalar | None) -> NodeId | None:
    """Give the node of an entity; None when its id is none, or names another type."""
    if isinstance(shown, str) and len(shown) > _LONG:
        return _identify(id_, type_, shown)
    return _remembered(id_, type_, shown)


def _identify(id_: str, type_: str, shown: _Scalar | None) -> NodeId | None:
    """Say what `_known` says: the first reading of a value that hashes to its id decides.

    A value hashed before it was normalised (as before 2024-04) is no address: typed, it would be
    normalised and lead to another entity. Such an entity keeps the address of its id.
    """
    native = parse_native(id_)
    if native is None or native.type != type_:
        return None
    form = TYPES.get(type_)
    for text in _readings(shown, form):
        leads_back = form is None or form.spell(text) == text
        if native.tells(text) and leads_back and (node := place(type_, text)) is not None:
            return node
    return unnamed(native)


# Each end of a relation lists the other, and hubs are listed by all: of the entities of an answer most
# have been told before. To recognise one takes 8 us, and to remember it 0.3.
_remembered = lru_cache(maxsize=8192, typed=True)(_identify)


def _mistake(entity: Entity | PlainRow, *, path: str) -> SourceContractError:
    """Give what is wrong with an entity that is none; `path` is where it stands."""
    if parse_native(entity.id) is None:
        return SourceContractError("not a type, a hyphen and 64 hexadecimal characters", path=f"{path}.id")
    return SourceContractError("not the type that the id names", path=f"{path}.type")


def _readings(shown: _Scalar | None, form: Form | None) -> Iterator[str]:
    """Give every text the shown value can stand for, the plainest first."""
    if shown is None:
        return
    raw = _write(shown)
    yield raw
    if form is not None and (spelled := form.spell(raw)) is not None:
        yield spelled
    if isinstance(shown, float) and shown.is_integer():
        # A whole number that JSON carried as a float.
        yield str(int(shown))


def _shown(entity: Entity | PlainRow) -> _Scalar | None:
    # The attribute named like the type holds the value; some examples call it `value` instead.
    told = entity.attributes
    shown: Value = told[entity.type] if entity.type in told else told.get("value")
    return None if isinstance(shown, tuple) else shown


def _text(shown: _Scalar | None) -> str | None:
    if shown is None or type(shown) is str:
        return shown
    return _write(shown)


def _write(shown: _Scalar) -> str:
    """Write a value as Go prints it, which is what ids are hashes of."""
    if isinstance(shown, bool):
        return "true" if shown else "false"
    return write_float(shown) if isinstance(shown, float) else str(shown)


def _attributes(entity: Entity | PlainRow) -> Attributes:
    told: dict[str, Any] = {**entity.attributes, "tags": entity.tags}
    if entity.reputation is not None:
        told["reputation"] = entity.reputation
    if entity.accuracy is not None:
        told["accuracy"] = entity.accuracy
    if (written_at := entity.written_at) is not None:
        told["updated_at"] = written_at
    # No two have one name, so no values are ever compared.
    return tuple(sorted(told.items()))
