"""What is wrong with crosswalk rows before they are loaded, judged as the service will read them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from service.graph.identity import MOST_MEMBERS
from service.usecases.crosswalk.file import PlacedRow, shown
from service.usecases.crosswalk.index import Connectors, Meaning, Meanings, index_rows

# An index of so many takes every worker some five seconds and two hundred megabytes.
MOST_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found, each with its place: `mistakes` forbid loading, `doubts` do not."""

    mistakes: tuple[str, ...]
    doubts: tuple[str, ...]


def check_rows(
    placed: Sequence[PlacedRow],
    *,
    connectors: Connectors | None,
    most_rows: int = MOST_ROWS,
    most_members: int = MOST_MEMBERS,
) -> Checked:
    """Judge all rows together; `connectors` are None when the service's settings are not known.

    Then addresses are taken as written, and names of sources are not checked.
    """
    known = connectors or {}
    meanings = Meanings(known)
    mistakes: list[str] = []
    doubts: list[str] = []
    sound: list[PlacedRow] = []
    for each in placed:
        wrong = [f"{each.place}: {what}" for what in _wrong(each, meanings, connectors)]
        mistakes += wrong
        if not wrong:
            sound.append(each)
            doubts += (f"{each.place}: {what}" for what in _doubtful(each, meanings, known))
    mistakes += _crowds(sound, known, most_members)
    if len(placed) > most_rows:
        mistakes.append(f"{len(placed)} rows; a crosswalk has at most {most_rows}")
    return Checked(tuple(mistakes), tuple(doubts))


def _wrong(each: PlacedRow, meanings: Meanings, connectors: Connectors | None) -> Iterator[str]:
    for column, text in _addresses(each):
        meaning = meanings.of(text)
        if isinstance(meaning, str):
            yield f"{column}: {shown(text)}: {meaning}"
    if connectors is not None:
        for name in each.row.visibility:
            if name not in connectors:
                yield f"visibility: no source is called {name!r}; there are: {', '.join(sorted(connectors))}"


def _doubtful(each: PlacedRow, meanings: Meanings, connectors: Connectors) -> Iterator[str]:
    meant = [(column, text, meanings.of(text)) for column, text in _addresses(each)]
    for place, meaning in [(f"{c}: {shown(t)}", m) for c, t, m in meant if isinstance(m, Meaning)]:
        if meaning.doubt is not None:
            yield f"{place}: {meaning.doubt}"
        if connectors and not each.row.visibility and not _accepted(meaning, connectors):
            yield f"{place}: no source accepts it: without `visibility` nobody sees the row"


def _accepted(meaning: Meaning, connectors: Connectors) -> bool:
    return any(connector.accepts(meaning.node) for connector in connectors.values())


def _crowds(sound: Sequence[PlacedRow], connectors: Connectors, most_members: int) -> Iterator[str]:
    _, left_out = index_rows(
        (each.row for each in sound),
        connectors=connectors,
        loaded_at=datetime.min.replace(tzinfo=UTC),
        most_members=most_members,
    )
    places = {each.row: each.place for each in reversed(sound)}
    # Every row of a crowd is left out for the same reason: it is told once, at the first of them.
    reasons = {left.reason: places[left.row] for left in reversed(left_out)}
    return (f"{place}: {reason}" for reason, place in reversed(reasons.items()))


def _addresses(each: PlacedRow) -> tuple[tuple[str, str], tuple[str, str]]:
    return (("address", each.row.address), ("same_as", each.row.same_as))
