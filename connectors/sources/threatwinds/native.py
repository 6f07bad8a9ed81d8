"""ThreatWinds' own ids: `<type>-<SHA3-256 of the normalised value, in hexadecimal>`.

Source: go-sdk, entities/sha3-256.go. The type is no part of what is hashed; types hold hyphens, so an
id is split at its last one.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha3_256

from connectors.errors import InvalidNodeIdError
from connectors.model import Address, NodeId
from connectors.observable import KINDS
from connectors.observable import NAMESPACE as OBSERVABLE
from connectors.sources.threatwinds.vocabulary import TYPES

NAMESPACE = "threatwinds"
ENTITY = "entity"
"""The type of an address whose key is a native id: the value is not known (yet)."""

_TYPE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NATIVE = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)-([0-9a-f]{64})")
_LONGEST_TYPE = 128
# Characters; the aliases of longer values are not kept in mind.
_LONG = 256


@dataclass(frozen=True, slots=True)
class NativeId:
    """A native id in its two parts; `str()` is its text."""

    type: str
    digest: str

    def __str__(self) -> str:
        """Give the text of the id."""
        return f"{self.type}-{self.digest}"

    def tells(self, value: str) -> bool:
        """Tell whether this is the id of exactly that value."""
        return digest(value) == self.digest


def digest(value: str) -> str:
    """Hash a normalised value the way ids do."""
    return sha3_256(value.encode()).hexdigest()


def parse_native(text: str) -> NativeId | None:
    """Read a native id, None when the text is none; whether the type exists is not asked."""
    match = _NATIVE.fullmatch(text)
    if match is None or len(match[1]) > _LONGEST_TYPE:
        return None
    return NativeId(match[1], match[2])


def native_of(node: NodeId) -> NativeId | None:
    """Give the native id of a canonical node; None when no ThreatWinds entity has this address."""
    if node.namespace == NAMESPACE and node.type == ENTITY:
        return parse_native(node.key) if node.tenant is None else None
    return NativeId(node.type, digest(node.key)) if is_valued(node) else None


def is_valued(node: NodeId) -> bool:
    """Tell whether a canonical node names a ThreatWinds entity by its value, which nothing else has to tell.

    Asked for every node of an answer, several times: to hash the value for it takes 1.1 us, and this 0.1.
    """
    if node.tenant is not None:
        return False
    if node.namespace == OBSERVABLE:
        return node.type in KINDS
    own = node.namespace == NAMESPACE and node.type != ENTITY
    return own and node.type not in KINDS and _is_type(node.type)


def place(type_: str, value: str) -> NodeId | None:
    """Give the address of a value that hashes to its id; None when no address can hold it.

    A type newer than our vocabulary will do: for what ThreatWinds shows only the hash decides.
    """
    if type_ == ENTITY:
        return None
    try:
        return NodeId(OBSERVABLE if type_ in KINDS else NAMESPACE, None, type_, value)
    except InvalidNodeIdError:
        return None


def unnamed(native: NativeId) -> NodeId:
    """Give the address of an entity whose value is not known, or does not hash to its id."""
    return NodeId(NAMESPACE, None, ENTITY, str(native))


def claim(address: Address) -> tuple[Address, ...]:
    """Give the canonical form of what a caller typed, nothing when it is not ours.

    InvalidNodeIdError when it is, and cannot be normalised.
    """
    if address.namespace not in (NAMESPACE, OBSERVABLE) or address.tenant is not None:
        return ()
    if not isinstance(address, NodeId):
        return (address,)
    if address.namespace == NAMESPACE and address.type == ENTITY:
        return (_claim_entity(address.key),)
    forms = KINDS if address.namespace == OBSERVABLE else TYPES
    form = forms.get(address.type)
    if form is None:
        whose = "kind of observable" if address.namespace == OBSERVABLE else "ThreatWinds type"
        raise InvalidNodeIdError(f"{address.type!r} is no {whose}")
    value = form.normalise(address.key, kind=address.type)
    return (NodeId(OBSERVABLE if address.type in KINDS else NAMESPACE, None, address.type, value),)


def aliases_of(node: NodeId) -> tuple[str, ...]:
    """Give ThreatWinds' own form of an observable, and the native id."""
    if not is_valued(node):
        return ()
    return _worked_out(node.text) if len(node.key) <= _LONG else _aliases_of(node.text)


def _aliases_of(text: str) -> tuple[str, ...]:
    # The text of the address alone: to build it and have it checked costs as much as all the rest.
    namespace, type_, key = text.split(":", 2)
    native = f"{NAMESPACE}:{ENTITY}:{type_}-{digest(key)}"
    return (f"{NAMESPACE}:{type_}:{key}", native) if namespace == OBSERVABLE else (native,)


# Answers of one time share many of their nodes. To work these out takes 3 us, and to remember them 0.1: by
# a text, whose hash and comparison are the interpreter's own.
_worked_out = lru_cache(maxsize=8192)(_aliases_of)


def _claim_entity(key: str) -> NodeId:
    type_, hyphen, suffix = key.rpartition("-")
    native = parse_native(f"{type_}{hyphen}{suffix.lower()}")
    if native is None:
        raise InvalidNodeIdError("a ThreatWinds id is a type, a hyphen and 64 hexadecimal characters")
    # A type this code has not heard of may exist all the same: ThreatWinds knows its own ids.
    return unnamed(native)


@lru_cache(maxsize=256)
def _is_type(text: str) -> bool:
    return len(text) <= _LONGEST_TYPE and _TYPE.fullmatch(text) is not None
