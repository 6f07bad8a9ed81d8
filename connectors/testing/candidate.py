"""The connector under test, with what its author gave to test it by."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from connectors.contract import Connector, Deleted, Filter, Page, Plugin, Want
from connectors.disposition import Disposition
from connectors.errors import AmbiguousNodeError, GraphError, InvalidNodeIdError
from connectors.model import Address, Outcome, parse_address
from connectors.testing.cassette import RECORDED_AT, Cassette, load_cassettes
from connectors.testing.replay import play
from connectors.wire import Aspect, Call, Reply

# Every part of a filter set, so that whatever the upstream can be told is told.
_FILTERED = Filter(
    deleted=Deleted.INCLUDE,
    created_after=RECORDED_AT.replace(year=2001),
    created_before=RECORDED_AT,
    with_type=("a", "b"),
    with_key="c/d?e#f",
)

USUAL_OUTCOMES: Mapping[int, Outcome] = {
    401: Outcome.DENIED,
    404: Outcome.ABSENT,
    429: Outcome.THROTTLED,
    500: Outcome.UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Exchange:
    """One recorded call and reply; `page` is None when the reply is not one to be read."""

    cassette: Cassette
    number: int
    connector: Connector
    call: Call
    reply: Reply
    page: Page | None

    def __str__(self) -> str:
        """Give where to look: the case and the number of the call in it."""
        return f"{self.cassette.name}/{self.number:02}"


@dataclass(frozen=True)
class Candidate:
    """What the rules examine.

    `tables` are valid settings tables with canaries for secrets; the first is what cassettes lay
    their own settings over. `examples` are addresses as a caller may type them. `outcomes` says
    what a status means here where it is not what it usually means. `required` are the fields of a
    reply that cannot be missed, as `results[*].id`. `pasted` are texts each of which has to be recognised
    under some table.
    """

    plugin: Plugin
    tables: Sequence[Mapping[str, Any]]
    examples: Sequence[str]
    folder: Path
    max_calls: int = 50
    outcomes: Mapping[int, Outcome] = field(default_factory=dict)
    required: Sequence[str] = ()
    pasted: Sequence[str] = ()

    @cached_property
    def cassettes(self) -> tuple[Cassette, ...]:
        """Every recorded case."""
        return load_cassettes(self.folder)

    def build(self, table: Mapping[str, Any]) -> Connector:
        """Make a fresh connector from a settings table."""
        return self.plugin.build(self.plugin.settings.model_validate(dict(table)))

    def rebuild(self, cassette: Cassette) -> Connector:
        """Make a fresh connector as the cassette was recorded with."""
        return self.build({**self.tables[0], **cassette.settings})

    def connectors(self) -> Iterator[tuple[str, Connector]]:
        """Give a fresh connector for each table, and what to call it."""
        for number, table in enumerate(self.tables, 1):
            yield f"settings {number}", self.build(table)

    def questions(self) -> Iterator[tuple[str, Connector, Address, Want]]:
        """Give every question worth asking: each table, example and side of a node, filtered and not."""
        for name, connector in self.connectors():
            for address in canonical(connector, self.examples):
                for want in wants(connector):
                    yield f"{name}, {address}, {want.aspect}", connector, address, want

    def exchanges(self) -> Iterator[Exchange]:
        """Replay every cassette, call by call, each cassette with one fresh connector."""
        for cassette in self.cassettes:
            connector = self.rebuild(cassette)
            done = play(connector, cassette, max_calls=self.max_calls)
            for number, (call, reply) in enumerate(done.exchanges, 1):
                yield Exchange(cassette, number, connector, call, reply, read(connector, call, reply))


def read(connector: Connector, call: Call, reply: Reply) -> Page | None:
    """Judge and read as a walk would; None when there is no page."""
    try:
        good = connector.judge(call, reply).disposition is Disposition.OK
        return connector.read(call, reply) if good else None
    except GraphError:
        return None


def canonical(connector: Connector, examples: Sequence[str]) -> tuple[Address, ...]:
    """Give the accepted canonical addresses that the examples, and the spec's own, stand for."""
    found = (
        address for example in (*examples, *connector.spec.examples) for address in claim(connector, example)
    )
    return tuple(dict.fromkeys(address for address in found if connector.accepts(address)))


def claim(connector: Connector, text: str) -> tuple[Address, ...]:
    """Give what a connector claims of text that a caller typed; none when it is refused."""
    try:
        return tuple(connector.claim(parse_address(text)))
    except (AmbiguousNodeError, InvalidNodeIdError):
        return ()


def wants(connector: Connector) -> tuple[Want, ...]:
    """Give the sides of a node this connector can be asked for, without and with a filter."""
    filtered = (Want(), Want(filter=_FILTERED))
    return (*filtered, Want(Aspect.DESCRIPTION)) if connector.spec.describes else filtered
