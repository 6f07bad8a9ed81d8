"""Addresses: what a node, or a selection of relations, is called everywhere.

`namespace[@tenant]:type:key` names a node; without the key it selects every relation that includes
a node of that type, without the type every relation that includes a node of that namespace. The
text is split at its first two colons, so a key may hold anything.
"""

import re
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from binascii import b2a_base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import repeat

from connectors.errors import InvalidNodeIdError

MAX_KEY_BYTES = 65_536
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)


@dataclass(frozen=True, slots=True)
class NodeId:
    """The address of one thing; `str()` is its text, as is `text`, and `parse_address` the way back."""

    namespace: str
    tenant: str | None
    type: str
    key: str
    # Two addresses are equal when their texts are. An answer looks its nodes up some hundred times
    # each, so both are worked out once.
    text: str = field(init=False, repr=False, compare=False)
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse an address that could not be written down and read back."""
        head, key = head_of(self.namespace, self.tenant, self.type), self.key
        size = len(key) if key.isascii() else len(_encode(key))
        if not 1 <= size <= MAX_KEY_BYTES:
            raise InvalidNodeIdError(f"a key is 1 to {MAX_KEY_BYTES} bytes, this one is {size}")
        text = head + key
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "_hash", hash(text))

    def __str__(self) -> str:
        """Give the text of the address."""
        return self.text

    def __hash__(self) -> int:
        """Give the hash of the text."""
        return self._hash

    def __eq__(self, other: object) -> bool:
        """Tell whether both are the same address."""
        return self is other or (isinstance(other, NodeId) and self.text == other.text)

    def __reduce__(self) -> tuple[object, ...]:
        """Have the hash worked out anew by the process that reads it: each hashes texts its own way."""
        return NodeId, (self.namespace, self.tenant, self.type, self.key)


@dataclass(frozen=True, slots=True)
class Selection:
    """Every relation that includes a node of this namespace and, if given, of this type."""

    namespace: str
    tenant: str | None
    type: str | None

    def __post_init__(self) -> None:
        """Refuse an address that could not be written down and read back."""
        _check_head(self.namespace, self.tenant, self.type)

    def __str__(self) -> str:
        """Give the text of the address."""
        scope = _scope(self.namespace, self.tenant)
        return scope if self.type is None else f"{scope}:{self.type}"

    def covers(self, node: NodeId) -> bool:
        """Tell whether `node` is a member; a bare namespace without a hyphen stands for its family.

        `autodesk@c` covers every `autodesk-…` node of the tenant c.
        """
        if self.tenant != node.tenant or self.type not in (None, node.type):
            return False
        family = self.type is None and "-" not in self.namespace
        return self.namespace == node.namespace or (
            family and node.namespace.startswith(f"{self.namespace}-")
        )


Address = NodeId | Selection


def parse_address(text: str) -> Address:
    """Read an address; InvalidNodeIdError says what is wrong with it."""
    head, *rest = text.split(":", 2)
    namespace, at, tenant = head.partition("@")
    if at and not tenant:
        raise InvalidNodeIdError("the tenant after '@' is empty")
    scope = (namespace, tenant or None)
    if not rest:
        return Selection(*scope, None)
    if len(rest) == 1:
        return Selection(*scope, rest[0])
    return NodeId(*scope, rest[0], rest[1])


def encode_ref(address: str) -> str:
    """Write an address so that every proxy leaves it alone: unpadded base64url of its UTF-8."""
    written = b2a_base64(_encode(address), newline=False)
    return written.translate(_URL_SAFE, b"=").decode("ascii")


def encode_refs(addresses: Iterable[str]) -> list[str]:
    """Write many addresses as `encode_ref` does, none of which has lone surrogates."""
    # All of them by each step, which takes half the time of all steps for each.
    written = map(b2a_base64, map(str.encode, addresses))
    return list(map(bytes.decode, map(bytes.translate, written, repeat(_URL_SAFE), repeat(b"=\n"))))


def decode_ref(ref: str) -> str:
    """Read what `encode_ref` wrote; anything else is an InvalidNodeIdError."""
    try:
        text = urlsafe_b64decode(ref.encode("ascii") + b"=" * (-len(ref) % 4)).decode("utf-8")
    except (Base64Error, UnicodeError, ValueError) as error:
        raise InvalidNodeIdError("a ref is unpadded base64url of an address in UTF-8") from error
    if encode_ref(text) != ref:
        # The decoder skips foreign characters and spare bits: two refs for one address.
        raise InvalidNodeIdError("a ref is unpadded base64url of an address in UTF-8")
    return text


def _scope(namespace: str, tenant: str | None) -> str:
    return namespace if tenant is None else f"{namespace}@{tenant}"


@lru_cache(maxsize=1024)
def head_of(namespace: str, tenant: str | None, type_: str) -> str:
    """Give what the text of a node begins with; a few begin those of thousands, and were checked once."""
    _check_head(namespace, tenant, type_)
    return f"{_scope(namespace, tenant)}:{type_}:"


def _check_head(namespace: str, tenant: str | None, type_: str | None) -> None:
    for word, part in (("namespace", namespace), ("tenant", tenant), ("type", type_)):
        if part is not None and not _NAME.fullmatch(part):
            raise InvalidNodeIdError(
                f"the {word} is 1 to 128 letters, digits, '.', '_' or '-', and starts with a letter or digit"
            )


def _encode(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidNodeIdError("an address is Unicode text without lone surrogates") from error
