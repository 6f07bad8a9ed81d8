"""Makes many records of one kind at once, from their columns.

A frozen dataclass sets each field of each record by a call of its own: an address takes 1.5 us so, an edge
1.4. Here each is made as a twin that is not frozen, and has become what it is to be when it is handed out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, make_dataclass
from functools import lru_cache
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
    make, width = _maker(cast("Any", kind))
    made = list(map(make, *columns)) if len(columns) == width else []
    if len(made) != count:
        raise ValueError("a column is missing, or shorter than the others")
    return made


@lru_cache(maxsize=16)
def _maker(kind: Any) -> tuple[Callable[..., Any], int]:
    """Give what makes one record of its fields, and how many these are."""
    names = [field.name for field in fields(kind)]

    def settle(made: Any) -> None:
        made.__class__ = kind

    # The fields of what is not frozen are set by the interpreter itself: an edge is made in two fifths of the
    # time that its descriptors take. Of the same slots, it may become what it is a twin of.
    twin = make_dataclass(
        f"{kind.__name__}InTheMaking", names, namespace={"__post_init__": settle}, slots=True
    )
    return twin, len(names)
