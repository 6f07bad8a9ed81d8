"""From ThreatWinds' entities to nodes, facts and edges.

A shown value is an address only if it hashes to its entity's id: the text as it came, or else its
normalised spelling. Acceptance rules bind what callers type, not what the source shows. Anything
else keeps the address of its id, and the value is its label.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
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
from connectors.sources.threatwinds.plain import REMEMBERED, PlainRow, PlainSlice
from connectors.sources.threatwinds.quantity import write_float
from connectors.sources.threatwinds.slices import WINDOW
from connectors.sources.threatwinds.vocabulary import TYPES
from connectors.wire import Call

MAPPING_VERSION = 1

_Scalar = str | int | float | bool

# The endpoint tells neither the mode of a relation nor its direction (threatwinds.md 3.2).
RELATED_TO = Relation("related_to", directed=False)

_NOTHING = repeat(None)

_HELD_BACK = f"the source shows at most {WINDOW} relations of a node, and this one has that many or more"


def map_relations(asked: NodeId, page: Slice | PlainSlice, *, follow: tuple[Call, ...] = ()) -> Page:
    """Give the edges from the node asked about to every row of a page, the rows' facts, and what follows."""
    rows: Sequence[Entity | PlainRow] = page.rows
    # Rows that come again in the same words are told of in the same words.
    tell = _told_before if isinstance(page, PlainSlice) and page.remembered else _tell
    told = list(map(tell, rows))
    if not all(told):
        position = told.index(None)
        raise _mistake(rows[position], path=f"{page.list_path}[{position}]")
    facts = [each for each in told if each is not None]
    ids, itself = page.ids, str(native_of(asked))
    if itself in ids:
        # A node related to itself stays the node that was asked about, however it was named.
        facts = [
            replace(each, node=asked) if id_ == itself else each for id_, each in zip(ids, facts, strict=True)
        ]
    capped = page.items >= WINDOW
    return Page(
        edges=_edges(asked, [each.node for each in facts]),
        facts=tuple(facts),
        # What one page shows twice is one relation; what two pages do is a listing that has shifted.
        total=page.items - (len(ids) - len(set(ids))),
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
    facts = _tell(entity)
    if facts is None:
        raise _mistake(entity, path="$")
    known = facts.node
    native = native_of(asked)
    if native is None or entity.id != str(native):
        raise SourceContractError("not the entity that was asked for", path="$.id")
    resolved = known if asked == unnamed(native) and known != asked else None
    return Page(facts=(replace(facts, node=asked if resolved is None else resolved),), canonical=resolved)


def _tell(row: Entity | PlainRow) -> NodeFacts | None:
    """Give what is told of an entity; None when its id is none, or names another type."""
    shown = _shown(row)
    node = _identify(row.id, row.type, shown)
    return None if node is None else NodeFacts(node, label=_text(shown), attributes=_attributes(row))


# To recognise an entity takes 8 us, to write down what is told of it 3, and to remember both 0.2.
_told_before = lru_cache(maxsize=REMEMBERED)(_tell)


def _identify(id_: str, type_: str, shown: _Scalar | None) -> NodeId | None:
    """Give the node of an entity, or None: the first reading of a value that hashes to its id decides.

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
