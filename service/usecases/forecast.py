"""How many calls an expansion will make beyond what the cache tells: many little games of chance.

Where the cache ends, neighborhoods are drawn from listings of the same kind of node, hop by hop,
under the budget of the request; the mean of the games is the estimate. A mean of what the budget
lets through is not what the budget lets through of a mean: a few large neighborhoods are cut, and
the many small ones are not. The dice begin the same every time, so equal questions to equal
experience have equal answers.
"""

from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate
from random import Random

from service.usecases.experience import ENOUGH, Experience, Kind, Lesson, Sample
from service.usecases.terrain import Terrain

# Of a source of which nothing is known: threat feeds and project data both average some four
# relations a node; it serves until the first answers have been given, and is called `assumed`.
_ASSUMED_ROWS = 4
# As if so many had been counted: a young share does not swing from none to all.
_NEW, _NEW_WEIGHT = 0.8, 5.0
_HELD, _HELD_WEIGHT = 0.0, 5.0
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


_Urns = dict[tuple[str, Kind, int], tuple[list[Sample], list[float]]]
Group = tuple[str, Kind, str | None]
"""Nodes that are asked alike: of which source, of which kind and in which tenant."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The estimate by source and hop, and whether most games ran into the cap on calls."""

    hops: Mapping[str, Sequence[HopEstimate]]
    cut: bool


def estimate(terrain: Terrain, experience: Experience) -> Estimate:
    """Estimate what expanding from here takes."""
    account = _Account()
    dice = Random(7)  # noqa: S311 - an estimate, no secret
    # What is not left to chance needs one game.
    chance = any(due.rows is None for dues in terrain.due.values() for due in dues)
    games = _GAMES if chance else 1
    played = work = 0
    urns: _Urns = {}
    while played < games and work < _MOST_WORK:
        work += _Game(terrain, experience, dice, account, urns).play()
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
        self, terrain: Terrain, experience: Experience, dice: Random, account: _Account, urns: "_Urns"
    ) -> None:
        self._terrain = terrain
        self._lessons = experience.known
        self._dice = dice
        self._account = account
        self._nodes: float = terrain.nodes
        self._edges: float = terrain.edges
        self._spent = 0.0
        self._work = 1
        self._urns = urns

    def play(self) -> int:
        """Go hop by hop until the budget or the radius ends it; gives the number of draws."""
        beyond: Counter[Group] = Counter()
        budget = self._terrain.budget
        for hop in range(max(1, self._terrain.hops)):
            if hop and (self._nodes > budget.max_nodes or self._edges > budget.max_edges):
                break
            beyond = self._step(hop, beyond)
            if self._spent >= budget.max_calls:
                self._account.cut += self._spent > budget.max_calls
                break
        return self._work

    def _step(self, hop: int, beyond: Counter[Group]) -> Counter[Group]:
        """Ask about everything due at a hop; gives what that leads to."""
        ahead: Counter[Group] = Counter()
        rows: dict[tuple[str, str | None], list[tuple[list[float], float]]] = defaultdict(list)
        for due in self._terrain.due.get(hop, ()):
            basis = Basis.CACHE
            count: float = due.rows or 0
            if due.rows is None:
                sample, basis = self._draw(due.source, due.kind, hop)
                count = sample.rows
                group = (due.source, due.kind, due.tenant)
                self._follow(group, sample, weight=1, hop=hop, ahead=ahead)
            self._note(due.source, hop, 1, basis)
            rows[due.source, due.tenant].append(([count], 1))
        for (source, kind, tenant), number in beyond.items():
            draws = min(number, _MOST_DRAWS)
            weight = number / draws
            held = self._held(source, hop)
            drawn: list[float] = []
            for _ in range(draws):
                sample, basis = self._draw(source, kind, hop)
                self._follow((source, kind, tenant), sample, weight=weight, hop=hop, ahead=ahead)
                self._note(source, hop, 0, basis)
                if self._dice.random() >= held:
                    drawn.append(sample.rows)
            self._account.nodes[source, hop] += round(weight * len(drawn))
            rows[source, tenant].append((drawn, weight))
        self._pay(hop, rows)
        return ahead

    def _pay(
        self, hop: int, rows: Mapping[tuple[str, str | None], Sequence[tuple[list[float], float]]]
    ) -> None:
        calls: dict[str, float] = defaultdict(float)
        for (source, _), groups in rows.items():
            manner = self._terrain.manners[source]
            if manner.batch_size == 1:
                calls[source] += sum(manner.calls(drawn, weight) for drawn, weight in groups)
                continue
            total = sum(weight * len(drawn) for drawn, weight in groups)
            listed = sum(weight * sum(drawn) for drawn, weight in groups)
            asked = max(1, round(total)) if total else 0
            calls[source] += manner.calls([listed / asked] * asked, 1) if asked else 0
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
        """Add the neighbors that a node drawn leads to."""
        source, _, tenant = group
        self._work += 1
        wanted = [(kind, number) for kind, number in sample.neighbors if self._terrain.wants(kind)]
        total = sum(number for _, number in wanted)
        if not total:
            return
        kept = min(total, self._terrain.budget.fan_out, 1 if self._terrain.by_key else total)
        new = weight * self._new(source, hop) * kept / total
        self._edges += weight * sample.rows * kept / max(1, sum(number for _, number in sample.neighbors))
        for kind, number in wanted:
            arriving = self._rounded(new * number)
            self._nodes += arriving
            if arriving:
                for asked in self._askers(source, kind):
                    ahead[asked, kind, tenant] += arriving

    def _rounded(self, number: float) -> int:
        whole = int(number)
        return whole + (self._dice.random() < number - whole)

    def _askers(self, teller: str, kind: Kind) -> Iterator[str]:
        """Give who will be asked about a kind: whoever told of it, and whoever was asked before."""
        for source in self._terrain.manners:
            if source == teller or self._lessons.get(source, _NOTHING).knows(kind):
                yield source

    def _draw(self, source: str, kind: Kind, hop: int) -> tuple[Sample, Basis]:
        samples, weights = self._urn(source, kind, hop)
        if samples:
            at = min(bisect(weights, self._dice.random() * weights[-1]), len(samples) - 1)
            return samples[at], Basis.LEARNT
        return Sample(_ASSUMED_ROWS, ((kind, _ASSUMED_ROWS),)), Basis.ASSUMED

    def _urn(self, source: str, kind: Kind, hop: int) -> tuple[list[Sample], list[float]]:
        """Give what is drawn from, weights summed up: few of the kind are eked out with all kinds."""
        key = (source, kind, hop)
        if key not in self._urns:
            lesson = self._lessons.get(source, _NOTHING)
            own = lesson.weighed(kind, hop=hop)
            every = [] if len(own) >= ENOUGH else lesson.weighed(None, hop=hop)
            mass = sum(weight for _, weight in every)
            eked = (
                (ENOUGH - len(own)) / ENOUGH * (sum(weight for _, weight in own) + 1.0) / mass
                if mass
                else 0.0
            )
            pool = [*own, *((sample, weight * eked) for sample, weight in every)]
            self._urns[key] = ([sample for sample, _ in pool], list(accumulate(weight for _, weight in pool)))
        return self._urns[key]

    def _new(self, source: str, hop: int) -> float:
        share = self._lessons.get(source, _NOTHING).new.get(hop)
        prior = 1.0 if hop == 0 else _NEW
        return prior if share is None else share.value(prior=prior, weight=_NEW_WEIGHT)

    def _held(self, source: str, hop: int) -> float:
        share = self._lessons.get(source, _NOTHING).held.get(hop)
        return _HELD if share is None else share.value(prior=_HELD, weight=_HELD_WEIGHT)

    def _note(self, source: str, hop: int, nodes: int, basis: Basis) -> None:
        key = (source, hop)
        self._account.nodes[key] += nodes
        before = self._account.basis.get(key, Basis.CACHE)
        order = list(Basis)
        self._account.basis[key] = max(before, basis, key=order.index)


_NOTHING = Lesson()
