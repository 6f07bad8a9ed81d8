"""Makes many records of one kind at once, from their columns.

A frozen dataclass sets each field of each record by a call of its own: an address takes 1.5 us so, an edge
1.4. A listing has its fields as columns, and a whole column is set without a step of the interpreter.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from functools import lru_cache
from itertools import repeat
from typing import Any, TypeVar, cast

from connectors.model.ids import MAX_KEY_BYTES, NodeId

# What UTF-8 takes for a character, at most.
_WIDEST = 4
T = TypeVar("T")


def build_nodes(
    heads: Sequence[tuple[str, str | None, str]], keys: Sequence[str], texts: Sequence[str]
) -> list[NodeId]:
    """Give the nodes of these (namespace, tenant, type) and keys; InvalidNodeIdError as for one of them.

    Each of the `texts` is what `head_of` gives for the head, and the key.
    """
    sizes = set(map(len, keys))
    if not sizes or min(sizes) == 0 or max(sizes) * _WIDEST > MAX_KEY_BYTES:
        return [NodeId(*head, key) for head, key in zip(heads, keys, strict=True)]
    namespaces, tenants, types = zip(*heads, strict=True)
    return build(NodeId, len(keys), namespaces, tenants, types, keys, texts, map(hash, texts))


def build(kind: type[T], count: int, *columns: Iterable[object]) -> list[T]:
    """Give `count` records of a frozen, slotted dataclass; a column, of that length, for each of its fields.

    What the kind itself would check when it is made is the caller's to have checked.
    """
    made = list(map(object.__new__, repeat(kind, count)))
    for put, column in zip(_setters(cast("Any", kind)), columns, strict=True):
        # What sets a field gives None, so this runs to the end, and keeps nothing.
        any(map(put, made, column))
    return made


@lru_cache(maxsize=16)
def _setters(kind: Any) -> tuple[Any, ...]:
    return tuple(getattr(kind, field.name).__set__ for field in fields(kind))
