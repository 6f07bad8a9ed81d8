"""What is true, read from the sandboxes' dumps: things by their public addresses, and their relations."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha3_256
from typing import Any

# CONTRACT section 1: values that identify their thing by themselves.
OBSERVABLE = frozenset(
    {"domain", "hostname", "ip", "cidr", "url", "email-address", "mac-address", "asn", "cve"}
    | {"md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3-256"}
)


@dataclass(frozen=True, slots=True)
class Thing:
    """A node as an answer should describe it; `native` is a ThreatWinds id, if it has one."""

    namespace: str
    tenant: str | None
    type: str
    key: str
    label: str
    native: str | None = None

    @property
    def id(self) -> str:
        """Give its address."""
        scope = self.namespace if self.tenant is None else f"{self.namespace}@{self.tenant}"
        return f"{scope}:{self.type}:{self.key}"

    @property
    def aliases(self) -> list[str]:
        """Give its other addresses, ascending."""
        if self.native is None or self.type == "entity":
            return []
        own = [f"threatwinds:{self.type}:{self.key}"] if self.namespace == "observable" else []
        return sorted([*own, f"threatwinds:entity:{self.native}"])


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """One record of one source: its ends ascending, and when each end was made as far as it tells."""

    ends: tuple[str, str]
    record: str | None = None
    created_at: datetime | None = None
    deleted_at: datetime | None = None
    deleted: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)
    born: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str | None]:
        """Give what makes it the same edge as another source's."""
        return (*self.ends, self.record)

    def other_end(self, at: str) -> str:
        """Give the end that is not `at`."""
        return self.ends[1] if self.ends[0] == at else self.ends[0]


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """What one configured source can tell; `attributes` of the things it describes whole.

    `containers` is None for ThreatWinds, which answers 404 for what it does not know.
    """

    name: str
    things: Mapping[str, Thing]
    relations: Mapping[str, tuple[Relation, ...]]
    attributes: Mapping[str, Mapping[str, Any]]
    containers: frozenset[str] | None = None

    def accepts(self, thing: Thing) -> bool:
        """Tell whether the source can be asked about the thing, known or not."""
        if self.containers is not None:
            return thing.tenant in self.containers
        return thing.namespace in ("threatwinds", "observable")

    def knows(self, id: str) -> bool:
        """Tell whether an opening call finds it; Autodesk has an empty list for everything."""
        return self.containers is not None or id in self.things


def read_threatwinds(name: str, dump: Mapping[str, Any], *, groups: Collection[str]) -> World:
    """Read a ThreatWinds dump as an account of these groups sees it."""
    visible = [entity for entity in dump["entities"] if not set(groups).isdisjoint(entity["groups"])]
    named = {entity["id"]: read_entity(entity) for entity in visible}
    relations = []
    for pair in {frozenset(pair) for pair in dump["relations"]}:
        if len(pair) > 1 and pair <= named.keys():
            one, other = sorted(named[native].id for native in pair)
            relations.append(Relation((one, other)))
    attributes = {named[entity["id"]].id: _describe(entity) for entity in visible}
    return World(name, {thing.id: thing for thing in named.values()}, _index(relations), attributes)


def read_entity(entity: Mapping[str, Any]) -> Thing:
    """Name an entity: by its value if that hashes to its id, else by the id."""
    shown, type_ = str(entity["shown_value"]), str(entity["type"])
    if entity["id"] != f"{type_}-{sha3_256(shown.encode()).hexdigest()}":
        return Thing("threatwinds", None, "entity", entity["id"], shown, entity["id"])
    namespace = "observable" if type_ in OBSERVABLE else "threatwinds"
    return Thing(namespace, None, type_, shown, shown, entity["id"])


def read_autodesk(
    name: str, dump: Mapping[str, Any], *, containers: Collection[str], read_only: Collection[str]
) -> World:
    """Read some containers as a user who may not write in the `read_only` domains sees them."""
    things: dict[str, Thing] = {}
    relations = []
    for container in containers:
        for row in dump["containers"][container]["relationships"]:
            ends = [Thing(e["domain"], container, e["type"], e["id"], e["id"]) for e in row["entities"]]
            things |= {end.id: end for end in ends}
            closed = row["isService"] or any(end.namespace in read_only for end in ends)
            one, other = sorted(end.id for end in ends)
            dated = [e.get("createdOn") for e in row["entities"]]
            relations.append(
                Relation(
                    ends=(one, other),
                    record=row["id"],
                    created_at=read_time(row["createdOn"]),
                    deleted_at=read_time(row["deletedOn"]) if row["isDeleted"] else None,
                    deleted=row["isDeleted"],
                    attributes={"is_read_only": closed, "is_service": row["isService"]},
                    born={end.id: read_time(at) for end, at in zip(ends, dated, strict=True) if at},
                )
            )
    return World(name, things, _index(relations), {}, frozenset(containers))


def read_time(text: str) -> datetime:
    """Read ISO 8601 into UTC; digits behind the microseconds are dropped."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _describe(entity: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **entity["attributes"],
        "accuracy": entity["accuracy"],
        "reputation": entity["reputation"],
        "tags": entity.get("tags") or [],
        "updated_at": read_time(entity["@timestamp"]),
    }


def _index(relations: Iterable[Relation]) -> dict[str, tuple[Relation, ...]]:
    found: defaultdict[str, list[Relation]] = defaultdict(list)
    for relation in relations:
        for end in set(relation.ends):
            found[end].append(relation)
    return {end: tuple(each) for end, each in found.items()}
