"""Which entities a pasted text may mean: a native id, an observable, or a type known by its shape."""

import re
from collections.abc import Iterator, Mapping, Sequence

from connectors.contract import Guess
from connectors.errors import InvalidNodeIdError
from connectors.model import NodeId
from connectors.observable import KINDS
from connectors.observable.guess import sight
from connectors.observable.surrounding import split_label
from connectors.sources.threatwinds.native import ENTITY, NAMESPACE, claim, parse_native, place
from connectors.sources.threatwinds.vocabulary import TYPES

_LONGEST = 1024
# Digests of other algorithms than the usual, and of other things than files, by their length.
_DIGESTS: Mapping[int, Sequence[tuple[str, float]]] = {
    32: (("file", 0.15), ("ja3-fingerprint", 0.1)),
    56: (("sha3-224", 0.2), ("sha512-224", 0.1)),
    62: (("jarm-fingerprint", 0.9),),
    64: (("file", 0.1), ("payload", 0.05), ("sha512-256", 0.05)),
    96: (("sha3-384", 0.2),),
    128: (("sha3-512", 0.2),),
}
_HEX = re.compile(r"[0-9a-f]{32,128}", re.IGNORECASE)
_SHAPES = tuple(
    (type_, re.compile(pattern, re.IGNORECASE), confidence)
    for type_, pattern, confidence in (
        ("cpe", r"cpe:(?:2\.3:|/)[aho]\S*", 1.0),
        ("regkey", r"(?:HKEY_[A-Z_]{4,20}|HK(?:LM|CU|CR|U|CC))\\.*", 0.95),
        ("port", r"[0-9]{1,5}/(?:tcp|udp)", 0.95),
        ("phone", r"\+[0-9][0-9 ()-]{6,20}", 0.9),
        ("path", r"[A-Z]:\\.*", 0.8),
        ("adversary", r"(?:APT|FIN|UNC|TA|DEV|Storm)[- ]?[0-9]{1,5}", 0.8),
        ("btc", r"bc1[a-z0-9]{11,71}", 0.8),
        ("mime-type", r"(?:application|audio|font|image|message|multipart|text|video)/[a-z0-9.+-]+", 0.7),
        ("breach", r"\{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?", 0.1),
        ("file", r"\{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?", 0.1),
    )
)
_KNOWN_TYPE, _UNKNOWN_TYPE = 1.0, 0.5
# Below what a shape says: `link: https://…` is a URL before it is the type of that name.
_LABELLED = 0.6


def recognise(text: str) -> tuple[Guess, ...]:
    """Give what the text may mean, the surest first; every address is one a caller may type."""
    best: dict[NodeId, Guess] = {}
    # What is sighted is normalised already; a long URL would take a while to be so again.
    seen = ((place(each.kind, each.value), each.confidence) for each in sight(text))
    own = ((_claim(type_, value), confidence) for type_, value, confidence in _read(text))
    for node, confidence in (*seen, *own):
        if node is not None and (node not in best or confidence > best[node].confidence):
            best[node] = Guess(node, confidence)
    return tuple(sorted(best.values(), key=lambda guess: (-guess.confidence, str(guess.address))))


def _read(text: str) -> Iterator[tuple[str, str, float]]:
    if len(text) > _LONGEST:
        return
    if native := parse_native(text.lower()):
        yield ENTITY, str(native), _KNOWN_TYPE if native.type in TYPES else _UNKNOWN_TYPE
    if _HEX.fullmatch(text):
        yield from ((type_, text, confidence) for type_, confidence in _DIGESTS.get(len(text), ()))
    for type_, shape, confidence in _SHAPES:
        if shape.fullmatch(text):
            yield type_, text, confidence
    if (parts := split_label(text)) is not None:
        type_ = re.sub(r"[ _]+", "-", parts[0].lower())
        if type_ in TYPES and type_ not in KINDS:
            yield type_, parts[1], _LABELLED


def _claim(type_: str, value: str) -> NodeId | None:
    try:
        (claimed,) = claim(NodeId(NAMESPACE, None, type_, value))
    except InvalidNodeIdError:
        return None
    return claimed if isinstance(claimed, NodeId) else None
