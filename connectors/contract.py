"""The connector interface: a pure object plus a data sheet.

Asked about nodes, a connector says which calls to make; shown a reply, it says which edges the
reply asserts and which calls follow. It never sends, sleeps, logs, caches, authenticates, or reads
the clock or the environment.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, Self

from connectors.credential import Credential, Scheme
from connectors.disposition import Verdict
from connectors.model import Address, Edge, NodeFacts, NodeId, Relation
from connectors.settings import SourceSettings
from connectors.wire import Aspect, Call, Pairs, Reply


class Deleted(StrEnum):
    """Which relations, by whether the upstream still holds them to be true."""

    EXCLUDE = "exclude"
    INCLUDE = "include"
    ONLY = "only"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which relations of a node are wanted; the default is every relation that is not deleted.

    The `with_` parts bind the other end, seen from the node asked about; an empty tuple is no
    condition. Times are exclusive, aware UTC.
    """

    deleted: Deleted = Deleted.EXCLUDE
    created_after: datetime | None = None
    created_before: datetime | None = None
    with_namespace: tuple[str, ...] = ()
    with_type: tuple[str, ...] = ()
    with_key: str | None = None

    @property
    def binds_other_end(self) -> bool:
        """Tell whether the other end has to be something."""
        return bool(self.with_namespace or self.with_type) or self.with_key is not None


UNFILTERED = Filter()
"""What an upstream is asked with that applies no filter: one object, as nearly all are asked with it."""


@dataclass(frozen=True, slots=True)
class Want:
    """What is asked: which side of the nodes, and which of their relations."""

    aspect: Aspect = Aspect.RELATIONS
    filter: Filter = field(default_factory=Filter)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How long an answer of this source stays good."""

    ttl: timedelta = timedelta(minutes=15)
    stale_for: timedelta = timedelta(hours=1)
    absent_ttl: timedelta = timedelta(minutes=1)
    stale_while_revalidate: timedelta = timedelta(minutes=1)

    @classmethod
    def of(cls, settings: SourceSettings) -> Self:
        """Give what the settings of a source say."""
        return cls(settings.ttl, settings.stale_for, settings.absent_ttl, settings.stale_while_revalidate)


@dataclass(frozen=True, slots=True)
class Pace:
    """How much of the upstream one credential may use; None is no limit known."""

    requests_per_minute: int | None = None
    concurrency: int = 20

    @classmethod
    def of(cls, settings: SourceSettings) -> Self:
        """Give what the settings of a source say."""
        return cls(settings.requests_per_minute, settings.concurrency)


@dataclass(frozen=True, slots=True)
class ConnectorSpec:
    """The data sheet of one configured connector.

    `scope` names everything in the settings that changes what the upstream answers and is no
    credential (base URL, region, groups, dialect): it becomes part of every cache key.
    `mapping_version` is raised whenever `read` would give something else for an old reply.
    `caller_relative` names the edge attributes that depend on who asked.
    `freshness` and `pace` are what its settings say (`Freshness.of`, `Pace.of`), and what is kept to.
    `examples` are addresses that a newcomer can try against this source. `page_size` is how many
    relations one reply holds at most, by which calls are estimated; None if that is not known.
    `both_ends_list` promises that a relation is listed by each of its ends: what an end does not list
    is not there. None, where nobody knows, is believed by a search for paths until a relation is seen of
    which it is not so; False never is, and then only the seed's side can tell that no path is shorter.
    """

    kind: str
    namespaces: tuple[str, ...]
    relations: tuple[Relation, ...]
    scope: Pairs
    mapping_version: int
    batch_size: int = 1
    page_size: int | None = None
    describes: bool = False
    selects: bool = False
    both_ends_list: bool | None = None
    freshness: Freshness = field(default_factory=Freshness)
    pace: Pace = field(default_factory=Pace)
    caller_relative: frozenset[str] = frozenset()
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """What one reply yielded, for the nodes of its call.

    `total` is how many relations the source says it has of the call's one node; `capped` that it
    has at least so many. `withheld` says why the source itself holds something back, from the
    addresses `withheld_from`, or from all of the call where none is named. `canonical` is what an
    address that only the source could resolve turned out to be.
    """

    edges: tuple[Edge, ...] = ()
    facts: tuple[NodeFacts, ...] = ()
    follow: tuple[Call, ...] = ()
    total: int | None = None
    capped: bool = False
    withheld: str | None = None
    withheld_from: tuple[Address, ...] = ()
    canonical: NodeId | None = None


@dataclass(frozen=True, slots=True)
class Guess:
    """One canonical address that a pasted text may mean.

    `confidence` is how often a text like this means it: above 0, and 1 when it can mean nothing else.
    """

    address: Address
    confidence: float


class Connector(Protocol):
    """One configured upstream, as pure functions."""

    @property
    def spec(self) -> ConnectorSpec:
        """Give the data sheet."""
        ...

    def claim(self, address: Address) -> Sequence[Address]:
        """Give the canonical addresses that what a caller typed can mean here; none: not ours.

        More than one means ambiguous; AmbiguousNodeError where there is no list of them.
        InvalidNodeIdError when it is ours and cannot be normalised.
        """
        ...

    def accepts(self, address: Address) -> bool:
        """Tell whether `ask` can be asked about this canonical address."""
        ...

    def recognise(self, text: str) -> Sequence[Guess]:
        """Give the addresses here that a pasted text may mean, each claimed as itself and accepted.

        `text` is one thing without what surrounded it, and not defanged. It is no address of ours:
        those are read by `claim`. Any text at all may come; none raises.
        """
        ...

    def unresolved(self, node: NodeId) -> bool:
        """Tell whether only a description can say which node this address means."""
        ...

    def aliases(self, node: NodeId) -> Sequence[str]:
        """Give the other addresses under which this source knows an accepted node."""
        ...

    def pushed(self, address: Address, filter: Filter, *, batched: bool) -> Filter:
        """Give the part of `filter` that the calls about this address apply upstream."""
        ...

    def ask(self, addresses: Sequence[Address], want: Want) -> Sequence[Call]:
        """Give the opening calls about up to `spec.batch_size` accepted addresses.

        Several addresses are a batch; `pushed(..., batched=len(addresses) > 1)` is what they apply.
        """
        ...

    def judge(self, call: Call, reply: Reply) -> Verdict:
        """Say what a reply means, whatever is in it."""
        ...

    def read(self, call: Call, reply: Reply) -> Page:
        """Read a reply judged OK; SourceContractError with the JSON path when it cannot be."""
        ...


@dataclass(frozen=True, slots=True)
class Plugin:
    """What the entry point of a connector package names: how one is made from settings.

    `settings` is the model of the source's table in the settings file (a `SourceSettings`), `build`
    makes the pure connector from a valid one and `credential` says what it signs its calls with.
    `caller_schemes` lists the schemes of `Upstream-Credentials` that the upstream takes.
    """

    kind: str
    settings: type[SourceSettings]
    build: Callable[[Any], Connector]
    credential: Callable[[Any], Credential]
    caller_schemes: frozenset[Scheme]
