"""Sees from what is told which nodes the next hop is about, for who asks about them ahead."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from connectors.model import NodeId
from connectors.walk import Finding
from connectors.wire import Aspect
from service.graph.expansion import Expansion
from service.graph.path import PathSearch
from service.graph.rule import Rule, Verdict
from service.usecases.answer.inquiry import Inquiry
from service.usecases.answer.naming import Naming
from service.usecases.answer.scout import Scout
from service.usecases.ask import Ask
from service.usecases.request import GraphRequest

FEWEST_HOPS = 3
"""With fewer there is a round of one question, and one that leads nowhere any more."""


@asynccontextmanager
async def scouting(
    inquiry: Inquiry, machine: Expansion | PathSearch, *, request: GraphRequest, naming: Naming
) -> AsyncIterator[None]:
    """Have the questions of this page asked ahead while the block lasts, where that can be foreseen."""
    if inquiry.is_playing or not isinstance(machine, Expansion) or machine.hops < FEWEST_HOPS:
        yield
        return
    lookout = _Lookout(inquiry, machine, naming, naming.rule(request.rule), request)
    inquiry.scout = Scout(inquiry.fetcher, guide=lookout)
    try:
        async with inquiry.scout.listening():
            yield
    finally:
        inquiry.scout = None


@dataclass(frozen=True, slots=True)
class _Lookout:
    """The guide of one page; `ahead` are the hops of nodes that no round was about yet."""

    inquiry: Inquiry
    machine: Expansion
    naming: Naming
    rule: Rule
    request: GraphRequest
    ahead: dict[NodeId, int] = field(default_factory=dict)

    def leads_to(self, ask: Ask, finding: Finding) -> Iterable[NodeId]:
        """Give the new neighbors of a node that has only one name, and is not told of too widely."""
        start, edges = ask.address, finding.listing.edges
        if not isinstance(start, NodeId) or ask.aspect is not Aspect.RELATIONS:
            return
        if not self.naming.is_plain(start) or len(edges) > self.request.budget.fan_out:
            return
        hop = self.machine.hop.get(start)
        if hop is None or hop + 1 >= self.machine.hops:
            return
        for edge in edges:
            end = edge.other_end(start)
            if end in self.machine.hop or not self.naming.is_plain(end):
                continue
            if self.rule.judge(edge, at=start) is Verdict.FOLLOW:
                self.ahead[end] = hop + 1
                yield end

    def leads_on(self, ask: Ask) -> bool:
        """Tell whether a node is near enough for its neighbors to be asked about."""
        node = ask.address
        if not isinstance(node, NodeId) or ask.aspect is not Aspect.RELATIONS:
            return False
        hop = self.machine.hop.get(node, self.ahead.get(node))
        return hop is not None and hop + 1 < self.machine.hops

    def asks_about(self, node: NodeId) -> Sequence[Ask]:
        """Give the questions about a node's relations that no other question shares a call with."""
        asks = [Ask(source, address) for source, address in self.naming.askers(node)]
        together = any(ask.source.connector.spec.batch_size > 1 for ask in asks)
        return [] if together else [ask for ask in asks if self.inquiry.is_open(ask)]

    def is_ample(self, *, nodes: int, edges: int, calls: int) -> bool:
        """Tell whether there is room on this page for so many more."""
        left = self.request.budget.max_calls - self.inquiry.fetcher.calls.total()
        return calls <= left and self.machine.has_room(nodes=nodes, edges=edges)
