"""What a finished answer teaches about its sources: numbers for estimates, no address among them.

Only what was fetched for this answer teaches how large listings are: those are what later answers
will have to fetch. A listing that was cut, or that upstreams have filtered, teaches nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from operator import itemgetter

from connectors.contract import Deleted, Filter
from connectors.model import Address, NodeId
from connectors.walk import Finding, Listing
from connectors.wire import Aspect
from service.graph.expansion import Expansion
from service.usecases.ask import Ask
from service.usecases.experience import Kind, Lesson, Sample, Share, kind_of
from service.usecases.run import Run

# By text, the nearest to the seeds first.
_Neighbors = Mapping[str, AbstractSet[str]]
# Samples of one kind that one answer gives of each hop: the neighbors of one hub are much alike.
_MOST = 4


def lessons_of(run: Run, *, began: datetime) -> dict[str, Lesson]:
    """Give by source what a run has taught; what was fetched before `began` came from the cache."""
    machine = run.machine
    if not isinstance(machine, Expansion) or run.request.cursor is not None:
        return {}
    lessons: dict[str, Lesson] = defaultdict(Lesson)
    asked = list(_asked(run, machine))
    told: Counter[tuple[str, Kind, int]] = Counter()
    for hop, ask, finding in asked:
        listing = finding.listing
        met = (ask.source.name, kind_of(ask.address), hop)
        if listing.fetched_at >= began and finding.outcome.whole and _is_plain(listing) and told[met] < _MOST:
            told[met] += 1
            lessons[ask.source.name].add(kind_of(ask.address), [sample_of(listing)], hop=hop)
    neighbors = _neighbors(machine)
    if not run.request.rule.filter.binds_other_end:
        for hop, share in _new(machine, neighbors).items():
            for name in {ask.source.name for at, ask, _ in asked if at == hop}:
                lessons[name].new[hop] = Share(share.part, share.whole)
    cached = {(at, ask) for at, ask, finding in asked if finding.listing.fetched_at < began}
    led = _led(run, cached, neighbors)
    for at, ask, finding in asked:
        if at and finding.outcome.answered and run.naming.name(ask.source, _node(ask)).text not in led:
            lessons[ask.source.name].held.setdefault(at, Share()).add((at, ask) in cached, 1)
    return dict(lessons)


def sample_of(listing: Listing) -> Sample:
    """Give a listing in numbers."""
    address = listing.address
    ends = {end for edge in listing.edges if not edge.deleted for end in (edge.subject, edge.object)}
    others = {end for end in ends if end != address and not _covers(address, end)}
    kinds = Counter(map(kind_of, others))
    return Sample(max(len(listing.edges), listing.total or 0), tuple(sorted(kinds.items())))


def _is_plain(listing: Listing) -> bool:
    """Tell whether the upstream has left out nothing but what is deleted."""
    return replace(listing.filter, deleted=Deleted.EXCLUDE) == Filter() and (
        listing.filter.deleted is not Deleted.ONLY
    )


def _covers(address: Address, end: NodeId) -> bool:
    return not isinstance(address, NodeId) and address.covers(end)


def _asked(run: Run, machine: Expansion) -> Iterator[tuple[int, Ask, Finding]]:
    """Give whose relations were asked for, and at which hop."""
    for ask, finding in run.inquiry.findings.items():
        if ask.aspect is Aspect.RELATIONS:
            if isinstance(ask.address, NodeId):
                yield machine.hop.get(run.naming.name(ask.source, ask.address), 0), ask, finding
            else:
                yield 0, ask, finding


def _node(ask: Ask) -> NodeId:
    assert isinstance(ask.address, NodeId)  # noqa: S101 - a selection is asked at hop 0 only
    return ask.address


def _neighbors(machine: Expansion) -> _Neighbors:
    """Give the neighbors of every node that was due to be asked about; the others are of no use here."""
    near = [(hop, node.text) for node, hop in machine.hop.items() if hop < machine.hops]
    neighbors: dict[str, set[str]] = {node: set() for _, node in sorted(near, key=itemgetter(0))}
    for subject, object_ in machine.ends():
        if subject in neighbors:
            neighbors[subject].add(object_)
        if object_ in neighbors:
            neighbors[object_].add(subject)
    return neighbors


def _new(machine: Expansion, neighbors: _Neighbors) -> dict[int, Share]:
    """Give by hop how many of the neighbors met there were new: of hops that no budget has cut."""
    sizes = Counter(machine.hop.values())
    whole = max(sizes, default=0) - (1 if machine.truncated & {"max_nodes", "max_edges"} else 0)
    shares: dict[int, Share] = {}
    for hop in range(whole):
        here = [node for node, at in machine.hop.items() if at == hop]
        if all(machine.expansion_of(node) == "complete" for node in here):
            met = sum(len(neighbors.get(node.text, ())) for node in here)
            shares[hop] = Share(min(sizes[hop + 1], met), met)
    return shares


def _led(run: Run, cached: Collection[tuple[int, Ask]], neighbors: _Neighbors) -> set[str]:
    """Give the nodes to which the cache alone had led: the seeds, and on from what was cached."""
    known = {
        run.naming.name(ask.source, ask.address).text for _, ask in cached if isinstance(ask.address, NodeId)
    }
    led = {node.text for node, hop in run.machine.hop.items() if hop == 0}
    for node, ends in neighbors.items():
        if node in led and node in known:
            led |= ends
    return led
