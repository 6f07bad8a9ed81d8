"""One validated question, as the API hands it to the use cases."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from connectors.ports import Caller
from service.cache.freshness import Tolerance
from service.graph.assemble import Order
from service.graph.budget import Budget
from service.graph.measure import Measure
from service.graph.rule import Rule
from service.usecases.source import UpstreamCredential


class Require(StrEnum):
    """When an answer is an error instead: never, when no source answered, or unless complete."""

    NONE = "none"
    SOME = "some"
    COMPLETE = "complete"


class Identity(StrEnum):
    """How far nodes that are the same thing are merged."""

    OFF = "off"
    EXACT = "exact"
    ASSERTED = "asserted"


ANYBODY = Caller("anybody")


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """What is asked of the graph; `sources` None means all that accept the node.

    `nodes` are the seeds as sent. With `to` the answer is `paths` shortest paths from the one seed,
    of at most `longest` edges. `caller` names whose API key was sent, `cursor` an earlier page;
    `behalf` is who waits for turns at the sources.
    """

    nodes: tuple[str, ...]
    hops: int = 1
    sources: tuple[str, ...] | None = None
    rule: Rule = field(default_factory=Rule)
    order: Order = field(default_factory=Order)
    budget: Budget = field(default_factory=Budget)
    tolerance: Tolerance = field(default_factory=Tolerance)
    require: Require = Require.SOME
    identity: Identity = Identity.EXACT
    explain: bool = False
    to: str | None = None
    paths: int = 1
    longest: int | None = None
    measures: tuple[Measure, ...] = ()
    cursor: str | None = None
    caller: str | None = None
    behalf: Caller = ANYBODY
    credentials: Mapping[str, UpstreamCredential] = field(default_factory=dict)

    @property
    def is_repeatable(self) -> bool:
        """Tell whether all that the answer is made of is in the store, under keys that it reads.

        A crosswalk is known by its manifest, evidence is found out anew, and a page belongs to its cursor.
        """
        return self.identity is not Identity.ASSERTED and not self.explain and self.cursor is None
