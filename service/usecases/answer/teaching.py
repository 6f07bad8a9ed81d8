"""What a finished answer teaches about its sources: numbers for estimates, no address among them.

A plan goes as far as the cache leads. So what teaches is what lay behind that: seeds that had to be
fetched, and whatever was met beyond them, be it cached or not. A listing that was cut, or that
upstreams have filtered, teaches nothing of sizes. Each source teaches for whoever may share its
listings; what was counted over the whole answer has all sources' listings in it, and where one of them
was fetched with a caller's credential, that is no other source's to tell.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import msgspec

from connectors.contract import Deleted, Filter
from connectors.model import Address, NodeId
from connectors.walk import Finding, Listing
from connectors.wire import Aspect
from service.cache.hasher import Hasher
from service.graph.expansion import Expansion
from service.usecases.answer.run import Run
from service.usecases.ask import Ask
from service.usecases.estimate.experience import Kind, Lesson, Sample, kind_of
from service.usecases.estimate.holder import Holder, holder_of

# Samples of one kind that one answer gives of each hop: the neighbors of one hub are much alike.
_MOST = 4
# Of a hash, enough to tell the few thousand nodes that are remembered from each other.
_TAG_LETTERS = 8


class _Met(NamedTuple):
    """Something whose relations were asked for, and what came of it; if not `fetched`, it was cached.

    `name` is the text of what the answer calls it.
    """

    ask: Ask
    name: str
    hop: int
    finding: Finding
    fetched: bool


@dataclass(frozen=True, slots=True)
class _Course:
    """The course that an answer took, in the order of the asking; its nodes go by their texts.

    `led` are the nodes to which the cache alone had led: the seeds, and on from what was cached.
    `behind` are those next to a node that was fetched, `answered` those of which a source told.
    `private` are the sources that were asked with a caller's credential.
    """

    machine: Expansion
    hasher: Hasher
    met: Sequence[_Met]
    hops: Mapping[str, int]
    neighbors: Mapping[str, set[str]]
    led: set[str]
    behind: set[str]
    answered: set[tuple[str, str]]
    private: set[str]

    def is_open_to(self, source: str) -> bool:
        """Tell whether those to whom a source teaches may know of all that was met here."""
        return self.private <= {source}

    def counted(self) -> Iterator[_Met]:
        """Give those that tell how much the cache has of what it does not lead to.

        Not what is behind cached nodes only: that was met together with them before.
        """
        for met in self.met:
            reached = met.name in self.behind and met.name not in self.led
            if met.finding.outcome.answered and reached and self.is_open_to(met.ask.source.name):
                yield met

    def samples(self) -> Iterator[tuple[_Met, Sample]]:
        """Give what teaches sizes, of each source, kind and hop a few from everywhere in the order."""
        groups: dict[tuple[str, Kind, int], list[_Met]] = defaultdict(list)
        for met in self.met:
            beyond = met.hop > 0 and met.name not in self.led
            if met.finding.outcome.whole and (met.fetched or beyond) and _is_plain(met.finding.listing):
                groups[met.ask.source.name, kind_of(met.ask.address), met.hop].append(met)
        for group in groups.values():
            taken = min(len(group), _MOST)
            for at in range(taken):
                # What leads to most was asked about first: the first ones alone would be too large.
                met = group[(2 * at + 1) * len(group) // (2 * taken)]
                yield met, self._sample(met)

    def _sample(self, met: _Met) -> Sample:
        return msgspec.structs.replace(
            sample_of(met.finding.listing),
            tag=self.hasher.text("met", met.ask.source.name, str(met.ask.address))[:_TAG_LETTERS],
            cached=not met.fetched,
            onward=self._onward(met),
        )

    def _onward(self, met: _Met) -> float | None:
        """Give what share of the next nodes behind one were asked about as well; None if none was due."""
        if not isinstance(met.ask.address, NodeId) or met.hop + 1 >= self.machine.hops:
            return None
        source = met.ask.source.name
        if not self.is_open_to(source):
            return None
        behind = [node for node in self.neighbors.get(met.name, ()) if self.hops[node] == met.hop + 1]
        return sum((source, node) in self.answered for node in behind) / len(behind) if behind else None


def lessons_of(run: Run, *, began: datetime) -> dict[Holder, Lesson]:
    """Give by holder what a run has taught; what was fetched before `began` came from the cache."""
    machine = run.machine
    if not isinstance(machine, Expansion) or run.request.cursor is not None:
        return {}
    met = tuple(_all_met(run, machine, began=began))
    if not any(each.fetched for each in met):
        # The cache has led all the way: there is nothing beyond it to learn of.
        return {}
    shelf = run.inquiry.fetcher.shelf
    asked = {ask.source for ask in run.inquiry.findings}
    holders = {
        source.name: holder_of(source, shelf.accesses[source.name])
        for source in asked
        if shelf.accesses[source.name].sender is not None
    }
    private = {name for name, holder in holders.items() if holder.passing}
    course = _course(machine, met, hasher=shelf.cabinet.hasher, private=private)
    lessons: dict[str, Lesson] = defaultdict(Lesson)
    for each in course.counted():
        lessons[each.ask.source.name].count_cached(not each.fetched, 1)
    for each, sample in course.samples():
        lessons[each.ask.source.name].add(kind_of(each.ask.address), [sample], hop=each.hop)
    if not run.request.rule.filter.binds_other_end:
        for hop, part, whole in _new(course):
            for name in holders.keys() & {each.ask.source.name for each in met if each.hop == hop}:
                if course.is_open_to(name):
                    lessons[name].count_new(part, whole, hop=hop)
    return {holders[name]: lesson for name, lesson in lessons.items()}


def sample_of(listing: Listing) -> Sample:
    """Give a listing in numbers."""
    address = listing.address
    # By texts, whose hash and comparison are the interpreter's own.
    others = {
        end.text: end for edge in listing.edges if not edge.deleted for end in (edge.subject, edge.object)
    }
    others.pop(str(address), None)
    kinds = Counter([kind_of(end) for end in others.values() if not _covers(address, end)])
    return Sample(max(len(listing.edges), listing.total or 0), tuple(sorted(kinds.items())))


def _is_plain(listing: Listing) -> bool:
    """Tell whether the upstream has left out nothing but what is deleted."""
    return replace(listing.filter, deleted=Deleted.EXCLUDE) == Filter() and (
        listing.filter.deleted is not Deleted.ONLY
    )


def _covers(address: Address, end: NodeId) -> bool:
    return not isinstance(address, NodeId) and address.covers(end)


def _all_met(run: Run, machine: Expansion, *, began: datetime) -> Iterator[_Met]:
    for ask, finding in run.inquiry.findings.items():
        if ask.aspect is Aspect.RELATIONS:
            name, hop = ask.address, 0
            if isinstance(name, NodeId):
                name = run.naming.name(ask.source, name)
                hop = machine.hop.get(name, 0)
            yield _Met(ask, str(name), hop, finding, finding.listing.fetched_at >= began)


def _course(machine: Expansion, met: Sequence[_Met], *, hasher: Hasher, private: set[str]) -> _Course:
    hops = {node.text: hop for node, hop in machine.hop.items()}
    neighbors = _neighbors(machine, hops)
    fetched = {each.name for each in met if each.fetched}
    cached = {each.name for each in met if not each.fetched}
    led = {node for node, hop in hops.items() if hop == 0}
    behind: set[str] = set()
    asked = [node for node in hops if node in cached or node in fetched]
    for node in sorted(asked, key=hops.__getitem__):
        if node in led and node in cached:
            led |= neighbors.get(node, set())
        if node in fetched:
            next_hop = hops[node] + 1
            behind.update(each for each in neighbors.get(node, ()) if hops[each] == next_hop)
    answered = {(each.ask.source.name, each.name) for each in met if each.finding.outcome.answered}
    return _Course(machine, hasher, met, hops, neighbors, led, behind, answered, private)


def _neighbors(machine: Expansion, hops: Mapping[str, int]) -> Mapping[str, set[str]]:
    """Give the neighbors of every node that was due to be asked about; the others are of no use here."""
    neighbors: dict[str, set[str]] = {node: set() for node, hop in hops.items() if hop < machine.hops}
    for subject, object_ in machine.ends():
        if subject in neighbors:
            neighbors[subject].add(object_)
        if object_ in neighbors:
            neighbors[object_].add(subject)
    return neighbors


def _new(course: _Course) -> Iterator[tuple[int, int, int]]:
    """Give by hop how many of how many neighbors met there were new: of hops that no budget has cut."""
    machine = course.machine
    sizes = Counter(machine.hop.values())
    whole = max(sizes, default=0) - (1 if machine.truncated & {"max_nodes", "max_edges"} else 0)
    for hop in range(whole):
        here = [node for node, at in machine.hop.items() if at == hop]
        if all(machine.expansion_of(node) == "complete" for node in here):
            met = sum(len(course.neighbors.get(node.text, ())) for node in here)
            yield hop, min(sizes[hop + 1], met), met
