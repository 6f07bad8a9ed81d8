"""A question as the oracle understands it, and as a query string."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum, auto

from harness.oracle.universe import Relation, Thing


class Verdict(Enum):
    """Whether a relation is followed; UNDECIDED where its source tells no time to judge by."""

    FOLLOW = auto()
    LEAVE = auto()
    UNDECIDED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The parameters that decide which nodes and edges an answer holds; None is not given.

    The defaults are the contract's. `direction` is here only to show that it changes nothing.
    """

    hops: int = 1
    sources: tuple[str, ...] | None = None
    direction: str | None = None
    relation: tuple[str, ...] | None = None
    with_namespace: tuple[str, ...] | None = None
    with_type: tuple[str, ...] | None = None
    with_key: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    deleted: str = "exclude"
    max_nodes: int = 500
    max_edges: int = 2000
    fan_out: int = 200

    @property
    def query(self) -> dict[str, str]:
        """Give the parameters as they are sent."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: _write(value) for name, value in told.items() if value is not None}

    def judge(self, relation: Relation, *, at: str, things: Mapping[str, Thing]) -> Verdict:
        """Say whether `relation` is followed from its end `at`."""
        end = things[relation.other_end(at)]
        wanted = (
            (self.relation is None or "related_to" in self.relation)
            and (self.deleted == "include" or relation.deleted is (self.deleted == "only"))
            and (self.with_namespace is None or end.namespace in self.with_namespace)
            and (self.with_type is None or end.type in self.with_type)
            and (self.with_key is None or end.key == self.with_key)
        )
        if not wanted:
            return Verdict.LEAVE
        after, before, created = self.created_after, self.created_before, relation.created_at
        if after is None and before is None:
            return Verdict.FOLLOW
        if created is None:
            return Verdict.UNDECIDED
        inside = (after is None or created > after) and (before is None or created < before)
        return Verdict.FOLLOW if inside else Verdict.LEAVE


def _write(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)
