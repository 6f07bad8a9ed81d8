"""Draws seeds and parameter sets at random, so that most of them make a difference."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from hashlib import sha3_256
from random import Random
from typing import Any

from harness.oracle.expected import Expected
from harness.oracle.question import Question
from harness.oracle.search import find_node, find_selection
from harness.oracle.universe import OBSERVABLE, Relation, Thing, World

CAPS: dict[str, Any] = {"max_nodes": 50_000, "max_edges": 200_000, "fan_out": 10_000}
# What one case may take: hops are lowered, or filters drawn anew, until it does.
MOST_ASKS = 70
MOST_EDGES = 2_100  # the largest hub and something
MOST_SELECTED = 600


@dataclass(frozen=True, slots=True)
class Case:
    """One request: the address as it is sent, the canonical one, and what must come back."""

    sent: str
    seed: str
    question: Question
    expected: Expected


class Dealer:
    """Deals cases over some sources; the same seed deals the same cases."""

    def __init__(self, worlds: Sequence[World], *, seed: int) -> None:
        self._worlds = tuple(worlds)
        self._random = Random(seed)  # noqa: S311 - repeatable by design, nothing secret
        self._related = {world.name: sorted(world.relations) for world in worlds}
        self._lonely = [t for w in worlds for n, t in sorted(w.things.items()) if n not in w.relations]

        self._members: Counter[str] = Counter()
        for world in worlds:
            for name, relations in world.relations.items():
                thing = world.things[name]
                for selection in (f"autodesk@{thing.tenant}", *_selections(thing)):
                    self._members[selection] += len(relations)

    def deal(self) -> Case:
        """Draw a case whose budget cuts nothing."""
        question = Question(**CAPS, hops=self._random.choice((0, 1, 1, 2, 2, 3, 4)))
        dice = self._random.random()
        if dice < 0.12:
            return self._select(question)
        seed = self._pick_thing(stranger=dice > 0.95, lonely=0.9 < dice <= 0.95)
        while not self._fits(seed, drawn := self._filter(question, self._around(seed))):
            question = replace(question, hops=max(0, question.hops - 1))
        return self._case(seed, drawn)

    def deal_cut(self) -> Case:
        """Draw a case whose budget most likely cuts."""
        question = Question(**CAPS, hops=self._random.choice((1, 2, 2, 3)))
        caps = self._random.sample(("max_nodes", "max_edges", "fan_out"), self._random.choice((1, 1, 2, 3)))
        drawn: dict[str, Any] = {cap: self._random.choice((1, 2, 3, 5, 8, 13, 40)) for cap in caps}
        question = replace(question, **drawn)
        if self._random.random() < 0.1:
            return self._select(replace(question, hops=min(question.hops, 2)))
        seed = self._pick_thing(stranger=False, lonely=False)
        while not self._fits(seed, question):
            question = replace(question, hops=max(1, question.hops - 1), fan_out=min(question.fan_out, 5))
        return self._case(seed, question)

    def _pick_thing(self, *, stranger: bool, lonely: bool) -> Thing:
        if stranger:
            value = f"nobody-knows-{self._random.randrange(10**6)}.example.com"
            return name_threat("domain", value)
        if lonely:
            return self._random.choice(self._lonely)
        world = self._random.choice(self._worlds)
        return world.things[self._random.choice(self._related[world.name])]

    def _around(self, seed: Thing) -> list[tuple[Thing, Relation]]:
        """Give neighbors of the seed and of one neighbor, to draw filters from."""
        found = []
        for world in self._worlds:
            for relation in world.relations.get(seed.id, ())[:50]:
                other = relation.other_end(seed.id)
                found.append((world.things[other], relation))
                found += [(world.things[r.other_end(other)], r) for r in world.relations[other][:5]]
        return found

    def _filter(self, question: Question, around: Sequence[tuple[Thing, Relation]]) -> Question:
        if not around:
            return question
        dice = self._random
        changes: dict[str, Any] = {}
        things = [thing for thing, _ in around]
        if dice.random() < 0.25:
            changes["with_type"] = tuple(sorted({t.type for t in dice.choices(things, k=2)}))
        if dice.random() < 0.15:
            changes["with_namespace"] = tuple(sorted({t.namespace for t in dice.choices(things, k=2)}))
        if dice.random() < 0.08:
            changes["with_key"] = dice.choice(things).key
        if dice.random() < 0.3:
            changes["deleted"] = dice.choice(("include", "only"))
        if dice.random() < 0.2:
            changes["direction"] = dice.choice(("in", "out", "both"))
        if dice.random() < 0.1:
            changes["relation"] = dice.choice((("related_to",), ("contains", "related_to"), ("contains",)))
        if dice.random() < 0.3:
            names = [world.name for world in self._worlds]
            changes["sources"] = tuple(dice.sample(names, dice.randint(1, len(names))))
        if dice.random() < 0.25:
            changes |= self._window([relation for _, relation in around])
        return replace(question, **changes)

    def _window(self, relations: Sequence[Relation]) -> dict[str, datetime]:
        """Draw bounds that often are the very instant of a relation: they are exclusive."""
        told = sorted({r.created_at for r in relations if r.created_at}) or [datetime(2020, 5, 1, tzinfo=UTC)]
        bounds = sorted(self._random.choices(told, k=2))
        zone = timezone(timedelta(hours=self._random.choice((0, 0, -7, 5))))
        after, before = (bound.astimezone(zone) for bound in bounds)
        form = self._random.randrange(3)
        if form == 0 and after < before:
            return {"created_after": after, "created_before": before}
        return {"created_after": after} if form == 1 else {"created_before": before}

    def _fits(self, seed: Thing, question: Question) -> bool:
        # A source left out may be the only one that can be asked about the seed.
        asked = [w for w in self._worlds if question.sources is None or w.name in question.sources]
        if not any(world.accepts(seed) for world in asked):
            return False
        found = find_node(asked, seed, question)
        return found.asks <= MOST_ASKS and len(found.edges) <= MOST_EDGES

    def _case(self, seed: Thing, question: Question) -> Case:
        expected = find_node(self._worlds, seed, question)
        return Case(self._address(seed, question), seed.id, question, expected)

    def _address(self, seed: Thing, question: Question) -> str:
        """Give the seed's address in one of the forms that mean the same."""
        forms = [seed.id, *seed.aliases]
        asked = [w for w in self._worlds if question.sources is None or w.name in question.sources]
        if not any(seed.id in world.things for world in asked):
            # Nobody could say which value this id stands for.
            forms = [form for form in forms if ":entity:" not in form]
        if seed.type in ("domain", "hostname") and seed.namespace in OBSERVABLE | {"observable"}:
            forms.append(f"observable:{seed.type}:{seed.key.upper()}")
        return self._random.choice(forms)

    def _select(self, question: Question) -> Case:
        worlds = [world for world in self._worlds if world.containers]
        while True:
            world = self._random.choice(worlds)
            thing = world.things[self._random.choice(self._related[world.name])]
            sent = self._random.choice((f"autodesk@{thing.tenant}", *_selections(thing), *_selections(thing)))
            # An upstream lists a selection whole, whatever is kept of it.
            if self._members[sent] > MOST_SELECTED:
                continue
            drawn = replace(self._filter(question, self._around(thing)), sources=None)
            namespace, _, rest = sent.partition("@")
            tenant, _, type_ = rest.partition(":")
            find = partial(
                find_selection, self._worlds, namespace=namespace, tenant=tenant, type_=type_ or None
            )
            whole = find(replace(drawn, **CAPS))
            if whole.asks <= MOST_ASKS and len(whole.edges) <= MOST_SELECTED:
                return Case(sent, sent, drawn, find(drawn))


def _selections(thing: Thing) -> tuple[str, str]:
    """Give the selections that a thing is a member of, apart from its whole container."""
    return f"{thing.namespace}@{thing.tenant}", f"{thing.namespace}@{thing.tenant}:{thing.type}"


def name_threat(type_: str, value: str) -> Thing:
    """Name a thing that no source has told of."""
    namespace = "observable" if type_ in OBSERVABLE else "threatwinds"
    native = f"{type_}-{sha3_256(value.encode()).hexdigest()}"
    return Thing(namespace, None, type_, value, value, native)
