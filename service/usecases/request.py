"""One validated question, as the API hands it to the use cases."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from service.cache.freshness import Tolerance
from service.graph.assemble import Order
from service.graph.budget import Budget
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


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """What is asked of the graph; `sources` None means all that accept the node."""

    node: str
    hops: int = 1
    sources: tuple[str, ...] | None = None
    rule: Rule = field(default_factory=Rule)
    order: Order = field(default_factory=Order)
    budget: Budget = field(default_factory=Budget)
    tolerance: Tolerance = field(default_factory=Tolerance)
    require: Require = Require.SOME
    identity: Identity = Identity.EXACT
    credentials: Mapping[str, UpstreamCredential] = field(default_factory=dict)
