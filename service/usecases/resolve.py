"""From any pasted text to the addresses it may mean, without a call, a store or a clock.

How sure a candidate is says how often a text like this means it; 1 is a text that can mean nothing
else. An address that no configured source accepts is not given: asking about it would be a 404.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors.contract import Guess
from connectors.errors import AmbiguousNodeError, InvalidNodeIdError
from connectors.model import Address, NodeId, Selection, parse_address
from connectors.observable.refang import refang
from connectors.observable.surrounding import split_label, trim, unwrap
from service.usecases.link import read_links
from service.usecases.source import Source, accepting

MOST_CANDIDATES = 64
# A word alone can be a namespace by accident.
_SELECTION = 0.8
# An address is verbatim, so of two readings the one closer to the text is the likelier. With
# anything else people copy more than they mean.
_MENDED_ADDRESS, _UNMENDED_TEXT = 0.9, 0.5
# One word of several: nobody has said which of them is meant.
_WORD = 0.7
_BETWEEN_WORDS = re.compile(r"[\s,;|]+")
_MOST_WORDS = 32
_MOST_TEXT_OF_WORDS = 4096


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address that the text may mean, and the sources that can be asked about it.

    `kind` is the type of the node, or `selection`; `confidence` is above 0 and at most 1.
    """

    address: Address
    confidence: float
    sources: tuple[str, ...]

    @property
    def kind(self) -> str:
        """Say what the address stands for."""
        return "selection" if isinstance(self.address, Selection) else self.address.type


def resolve(text: str, sources: Sequence[Source]) -> tuple[Candidate, ...]:
    """Give what the text may mean, the surest first, equally sure ones by address; at most 64."""
    best = _merge(_read(text, sources)) or _merge(_read_words(text, sources))
    ordered = sorted(best.items(), key=lambda item: (-item[1], str(item[0])))
    candidates = (
        Candidate(address, confidence, tuple(source.name for source in accepting(sources, address)))
        for address, confidence in ordered[: 2 * MOST_CANDIDATES]
    )
    return tuple(candidate for candidate in candidates if candidate.sources)[:MOST_CANDIDATES]


def _merge(guesses: Iterator[Guess]) -> dict[Address, float]:
    best: dict[Address, float] = {}
    for guess in guesses:
        confidence = max(round(guess.confidence, 3), 0.001)
        best[guess.address] = max(confidence, best.get(guess.address, 0.0))
    return best


def _read(text: str, sources: Sequence[Source]) -> Iterator[Guess]:
    """Read the text as a whole: as it stands, without surroundings, and without its label."""
    literal, plain = trim(text), refang(unwrap(text))
    label = split_label(plain)
    inner = plain if label is None else refang(unwrap(label[1]))
    yield from _claim(literal, sources, weight=1.0)
    for mended in dict.fromkeys((plain, inner)):
        if mended != literal:
            yield from _claim(mended, sources, weight=_MENDED_ADDRESS)
        yield from _recognise(mended, sources, weight=1.0)
    if literal not in (plain, inner) and refang(literal) == literal:
        yield from _recognise(literal, sources, weight=_UNMENDED_TEXT)


def _read_words(text: str, sources: Sequence[Source]) -> Iterator[Guess]:
    words = _BETWEEN_WORDS.split(trim(text[:_MOST_TEXT_OF_WORDS]), maxsplit=_MOST_WORDS)
    if len(words) > 1:
        for word in words[:_MOST_WORDS]:
            for guess in _read(word, sources):
                yield Guess(guess.address, guess.confidence * _WORD)


def _recognise(text: str, sources: Sequence[Source], *, weight: float) -> Iterator[Guess]:
    for source in sources:
        for guess in source.connector.recognise(text):
            yield Guess(guess.address, guess.confidence * weight)


def _claim(text: str, sources: Sequence[Source], *, weight: float) -> Iterator[Guess]:
    """Give every canonical address that a text of ours stands for; of several each is as likely."""
    for linked, confidence in read_links(text):
        try:
            address = parse_address(linked)
        except InvalidNodeIdError:
            continue
        claimed: dict[Address, None] = {}
        for source in sources:
            try:
                claimed.update(dict.fromkeys(source.connector.claim(address)))
            except (AmbiguousNodeError, InvalidNodeIdError):
                continue
        share = weight * confidence if isinstance(address, NodeId) else weight * confidence * _SELECTION
        for one in claimed:
            yield Guess(one, share / len(claimed))
