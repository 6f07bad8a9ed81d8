"""The records of an answer: mappings to who reads them, structs to the encoder, which writes those in C.

The order of the fields is the contract's. What only some answers tell of a node (`measures`, `same_as`)
makes a plain dict of its record.
"""

from abc import ABCMeta
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, StructMeta, to_builtins

Record = Mapping[str, Any]
"""What is told of one node or edge, by the names of the contract; it is only read."""


class _Both(StructMeta, ABCMeta):
    """What makes a struct a mapping, too."""


# No record is part of a cycle, and a large answer has too many of them to be looked through.
class _Fields(Struct, Mapping[str, Any], metaclass=_Both, gc=False):
    """A mapping from the names of its fields; equal to every mapping of the same."""

    def __getitem__(self, name: str) -> Any:
        """Give a field."""
        if name not in self.__struct_fields__:
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        """Give the names of the fields."""
        return iter(self.__struct_fields__)

    def __len__(self) -> int:
        """Count the fields."""
        return len(self.__struct_fields__)

    def __or__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        """Give a dict of these fields and others, as a dict would."""
        return {**self, **other}

    __eq__ = Mapping.__eq__
    __hash__ = None  # type: ignore[assignment] # as of any mapping


class NodeRecord(_Fields, gc=False):
    """A node."""

    id: str
    ref: str
    namespace: str
    tenant: str | None
    type: str
    key: str
    label: str
    url: str | None
    hop: int
    expansion: str
    known_degree: dict[str, Any] | None
    attributes: dict[str, dict[str, Any]]
    aliases: Sequence[str]
    sources: Sequence[str]


class WordRecord(_Fields, gc=False):
    """One source's word for an edge."""

    source: str
    record: str | None
    fetched_at: str | None
    attributes: dict[str, Any]


class EdgeRecord(_Fields, gc=False):
    """An edge."""

    id: str
    subject: str
    object: str
    relation: str
    directed: bool
    created_at: str | None
    deleted_at: str | None
    deleted: bool
    provenance: list[WordRecord]


def plain(record: Record) -> dict[str, Any]:
    """Give a record as dicts and lists all through; what is a dict already is given as it is.

    A graph is made of thousands: only what may hold a tuple is looked into.
    """
    if type(record) is dict:
        return record
    told: dict[str, Any] = to_builtins(record)
    if "aliases" in told:
        told["aliases"], told["sources"] = list(told["aliases"]), list(told["sources"])
        held = list(told["attributes"].values())
    else:
        held = [word["attributes"] for word in told.get("provenance", (told,))]
    for attributes in held:
        for name, value in attributes.items():
            if type(value) is tuple:
                attributes[name] = listed(value)
    return told


def listed(value: Any) -> Any:
    """Give a value of JSON with a list for each tuple, which the encoder writes alike."""
    if isinstance(value, dict):
        return {name: listed(item) for name, item in value.items()}
    return [listed(item) for item in value] if isinstance(value, list | tuple) else value
