"""How many calls an expansion will make beyond what the cache tells: many little games of chance.

Where the cache ends, neighborhoods are drawn from listings of the same kind of node, hop by hop,
under the budget of the request; the mean of the games is the estimate. A mean of what the budget
lets through is not what the budget lets through of a mean: a few large neighborhoods are cut, and
the many small ones are not. The dice begin the same every time, so equal questions to equal
experience have equal answers.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import NamedTuple

from service.usecases.estimate.experience import Kind, Lesson, Sample
from service.usecases.estimate.terrain import Terrain
from service.usecases.estimate.urn import Urns

# Of a source of which nothing is known: threat feeds and project data both average some four
# relations a node; it serves until the first answers have been given, and is called `assumed`.
_ASSUMED_ROWS = 4
# As if so many had been counted: a young share does not swing from none to all.
_NEW, _NEW_WEIGHT = 0.8, 5.0
_CACHED, _CACHED_WEIGHT = 0.0, 2.0
_GAMES = 200
# Draws of one kind in one hop; of more nodes each draw stands for several.
_MOST_DRAWS = 24
# All draws of one estimate, whatever the budget: some tens of milliseconds.
_MOST_WORK = 20_000


class Basis(StrEnum):
    """What a number stands on, the weakest part of it: the cache, what was learnt, a mere assumption."""

    CACHE = "cache"
    LEARNT = "learnt"
    ASSUMED = "assumed"


_WEAKNESS = tuple(Basis)


@dataclass(frozen=True, slots=True)
class HopEstimate:
    """One source at one hop: nodes asked about, the calls that takes, and how that is known."""

    hop: int
    nodes: float
    calls: float
    basis: Basis


@dataclass(slots=True)
class _Account:
    """The sums over all games."""

    nodes: Counter[tuple[str, int]] = field(default_factory=Counter)
    calls: dict[tuple[str, int], float] = field(default_factory=lambda: defaultdict(float))
    basis: dict[tuple[str, int], Basis] = field(default_factory=dict)
    cut: int = 0


_Asked = dict[tuple[str, str | None], list[tuple[float, float]]]
"""By source and tenant, in order, the rows of who is asked about, and how many nodes that stands for."""


# The share of those that are due that the cache has.
_NOT_CACHED = 0.0


class Group(NamedTuple):
    """Nodes that are asked alike: of which source, of which kind and in which tenant.

    `cached` is what share of them the cache is known to have; None if nothing is known of just these.
    """

    source: str
    kind: Kind
    tenant: str | None
    cached: float | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """The estimate by source and hop, and whether most games ran into the cap on calls."""

    hops: Mapping[str, Sequence[HopEstimate]]
    cut: bool


def estimate(terrain: Terrain, lessons: Mapping[str, Lesson]) -> Estimate:
    """Estimate what expanding from here takes, by what is known for whoever asks, by source."""
    account = _Account()
    dice = Random(7)  # noqa: S311 - an estimate, no secret
    # What is not left to chance needs one game.
    chance = any(due.rows is None for dues in terrain.due.values() for due in dues)
    games = _GAMES if chance else 1
    played = work = 0
    urns = Urns(lessons, dice=dice)
    while played < games and work < _MOST_WORK:
        work += _Game(terrain, lessons, dice, account, urns).play()
        played += 1
    found: dict[str, list[HopEstimate]] = defaultdict(list)
    for source, hop in sorted(account.basis):
        key = (source, hop)
        nodes, calls = account.nodes[key] / played, account.calls[key] / played
        found[source].append(HopEstimate(hop + 1, nodes, calls, account.basis[key]))
    return Estimate(found, account.cut * 2 > played)


class _Game:
    """One course that the expansion may take."""

    def __init__(
        self, terrain: Terrain, lessons: Mapping[str, Lesson], dice: Random, account: _Account, urns: Urns
    ) -> None:
        self._terrain = terrain
        self._lessons = lessons
        self._dice = dice
        self._account = account
        # Beside those that the cache has shown.
        self._nodes = self._edges = 0.0
        self._spent = 0.0
        self._work = 1
        self._urns = urns

    def play(self) -> int:
        """Go hop by hop until the budget or the radius ends it; gives the number of draws."""
        beyond: Counter[Group] = Counter()
        budget = self._terrain.budget
        for hop in range(max(1, self._terrain.hops)):
            if hop and self._terrain.is_full(hop, nodes=self._nodes, edges=self._edges):
                break
            beyond = self._step(hop, beyond)
            if self._spent >= budget.max_calls:
                self._account.cut += self._spent > budget.max_calls
                break
        return self._work

    def _step(self, hop: int, beyond: Counter[Group]) -> Counter[Group]:
        """Ask about everything due at a hop; gives what that leads to."""
        ahead: Counter[Group] = Counter()
        asked: _Asked = defaultdict(list)
        for due in self._terrain.due.get(hop, ()):
            if due.rows is None:
                beyond[Group(due.source, due.kind, due.tenant, _NOT_CACHED)] += 1
            else:
                self._note(due.source, hop, Basis.CACHE)
                self._account.nodes[due.source, hop] += 1
                asked[due.source, due.tenant].append((due.rows, 1))
        for group, number in beyond.items():
            draws = min(number, _MOST_DRAWS)
            weight = number / draws
            called = 0
            for sample in self._draw(group, hop, number=draws):
                if self._dice.random() >= self._cached(group, sample):
                    called += 1
                    asked[group.source, group.tenant].append((sample.rows, weight))
                self._follow(group, sample, weight=weight, hop=hop, ahead=ahead)
            self._account.nodes[group.source, hop] += round(weight * called)
        self._pay(hop, asked)
        return ahead

    def _pay(self, hop: int, asked: _Asked) -> None:
        calls: dict[str, float] = defaultdict(float)
        for (source, _), rows in asked.items():
            calls[source] += self._terrain.manners[source].calls(rows)
        for (source, at), number in self._terrain.described.items():
            if at == hop:
                calls[source] += number
                self._account.basis.setdefault((source, hop), Basis.CACHE)
        room = max(0.0, self._terrain.budget.max_calls - self._spent)
        due = sum(calls.values())
        share = 1.0 if due <= room else room / due
        self._spent += due
        for source, made in calls.items():
            self._account.calls[source, hop] += made * share

    def _follow(
        self, group: Group, sample: Sample, *, weight: float, hop: int, ahead: Counter[Group]
    ) -> None:
        """Add the neighbors that a node drawn leads to, if they will be asked about."""
        if hop + 1 >= self._terrain.hops:
            return
        wanted = [(kind, number) for kind, number in sample.neighbors if self._terrain.wants(kind)]
        total = sum(number for _, number in wanted)
        if not total:
            return
        room = 1 if self._terrain.by_key else self._terrain.budget.fan_out
        kept = min(total, room)
        new = weight * self._new(group.source, hop)
        self._edges += weight * sample.rows * kept / max(1, sum(number for _, number in sample.neighbors))
        # Of what is behind a cached node some has been asked about when it was met the last time.
        onward = sample.onward if sample.cached else None
        for kind, number in wanted:
            # The smallest addresses are kept, so kinds go in order.
            followed = min(number, room)
            room -= followed
            arriving = self._rounded(new * followed)
            self._nodes += arriving
            if arriving:
                for asked in self._askers(group.source, kind):
                    cached = onward if asked == group.source else None
                    ahead[Group(asked, kind, group.tenant, cached)] += arriving

    def _rounded(self, number: float) -> int:
        whole = int(number)
        return whole + (self._dice.random() < number - whole)

    def _askers(self, teller: str, kind: Kind) -> Iterator[str]:
        """Give who will be asked about a kind: whoever told of it, and whoever was asked before."""
        for source in self._terrain.manners:
            if source == teller or self._lessons.get(source, _NOTHING).knows(kind):
                yield source

    def _draw(self, group: Group, hop: int, *, number: int) -> Sequence[Sample]:
        self._work += number
        uncached = group.cached == _NOT_CACHED
        drawn = self._urns.draw(group.source, group.kind, hop=hop, number=number, uncached=uncached)
        self._note(group.source, hop, Basis.LEARNT if drawn else Basis.ASSUMED)
        return drawn or [Sample(_ASSUMED_ROWS, ((group.kind, _ASSUMED_ROWS),))] * number

    def _cached(self, group: Group, sample: Sample) -> float:
        """Give how likely the cache has a node it has not led to, though it was drawn as this sample."""
        if group.cached is not None:
            return group.cached
        if sample.again:
            return float(sample.cached)
        share = self._lessons.get(group.source, _NOTHING).cached
        return share.value(prior=_CACHED, weight=_CACHED_WEIGHT)

    def _new(self, source: str, hop: int) -> float:
        share = self._lessons.get(source, _NOTHING).new.get(hop)
        prior = 1.0 if hop == 0 else _NEW
        return prior if share is None else share.value(prior=prior, weight=_NEW_WEIGHT)

    def _note(self, source: str, hop: int, basis: Basis) -> None:
        before = self._account.basis.get((source, hop), Basis.CACHE)
        self._account.basis[source, hop] = max(before, basis, key=_WEAKNESS.index)


_NOTHING = Lesson()
