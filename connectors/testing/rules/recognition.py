"""C15: what a connector makes of pasted text is sound and pure, whatever the text."""

from collections.abc import Iterator

from connectors.contract import Connector, Guess
from connectors.errors import AmbiguousNodeError, InvalidNodeIdError
from connectors.model import Address, NodeId, parse_address
from connectors.testing.candidate import Candidate
from connectors.testing.hostile import TEXTS
from connectors.testing.rules.pure import observe

_MOST_SHOWN = 60


def guesses_are_sound(candidate: Candidate) -> Iterator[str]:
    """C15: every guess is a canonical address of the connector's own; no text raises."""
    missed = dict.fromkeys(candidate.pasted)
    for number, table in enumerate(candidate.tables, 1):
        connector, fresh = candidate.build(table), candidate.build(table)
        for text in _texts(candidate, connector):
            where = f"settings {number}, {text[:_MOST_SHOWN]!r}"
            try:
                guesses, faults = observe(connector, lambda: tuple(connector.recognise(text)))  # noqa: B023 - used at once
            except Exception as error:  # noqa: BLE001 - nothing may escape, so anything is the fault looked for
                yield f"{where}: recognise: {type(error).__name__} escapes: {str(error)[:200]}"
                continue
            yield from (f"{where}: recognise {fault}" for fault in faults)
            if guesses != tuple(connector.recognise(text)) or guesses != tuple(fresh.recognise(text)):
                yield f"{where}: recognised twice, the guesses differ"
            yield from (f"{where}: {fault}" for fault in _unsound(connector, guesses))
            if guesses:
                missed.pop(text, None)
    yield from (f"{text[:_MOST_SHOWN]!r} is recognised under no settings" for text in missed)


def _texts(candidate: Candidate, connector: Connector) -> Iterator[str]:
    examples = (*candidate.examples, *connector.spec.examples)
    yield from candidate.pasted
    yield from examples
    yield from (node.key for node in map(_node, examples) if node is not None)
    yield from TEXTS.values()


def _node(text: str) -> NodeId | None:
    try:
        address = parse_address(text)
    except InvalidNodeIdError:
        return None
    return address if isinstance(address, NodeId) else None


def _unsound(connector: Connector, guesses: tuple[Guess, ...]) -> Iterator[str]:
    seen: set[Address] = set()
    for guess in guesses:
        shown = str(guess.address)[:_MOST_SHOWN]
        if not 0 < guess.confidence <= 1:
            yield f"{shown}: a confidence of {guess.confidence}, which is not above 0 and at most 1"
        if guess.address in seen:
            yield f"{shown} is guessed twice"
        seen.add(guess.address)
        try:
            claimed = tuple(connector.claim(guess.address))
        except (AmbiguousNodeError, InvalidNodeIdError) as error:
            yield f"{shown} is refused when it is claimed: {error}"
            continue
        if claimed != (guess.address,):
            yield f"{shown} is not claimed as itself"
        elif not connector.accepts(guess.address):
            yield f"{shown} is not accepted"
