"""A connector that speaks plain JSON with a scripted upstream, for tests of what stands on connectors."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.contract import ConnectorSpec, Filter, Guess, Page, Want
from connectors.disposition import Verdict, classify
from connectors.errors import InvalidNodeIdError, SourceTimeoutError
from connectors.model import (
    Address,
    Edge,
    NodeFacts,
    NodeId,
    Selection,
    encode_ref,
    parse_address,
    undirected,
)
from connectors.paging import by_cursor
from connectors.wire import Aspect, Call, Reply

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class FixedClock:
    """A clock that stands still until it is moved."""

    passed = 0.0

    def now(self) -> datetime:
        """Give the time of day."""
        return NOON + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        """Give 1000 and what has passed since."""
        return 1000.0 + self.passed


@dataclass(frozen=True)
class Toy:
    """A connector that speaks plain JSON with a `Site`.

    It owns `namespaces`, in `tenants` if it has any; the nodes of namespace `obs` it also calls by
    its own kind, and `<kind>:entity:<type>-<key>` is resolved by their description.
    """

    spec: ConnectorSpec
    tenants: tuple[str, ...] = ()
    pushes: bool = False

    def claim(self, address: Address) -> Sequence[Address]:
        """Claim own namespaces, in every tenant that fits; a key that shouts is refused."""
        if address.namespace not in self.spec.namespaces:
            return ()
        if isinstance(address, Selection):
            return [
                type(address)(address.namespace, tenant, address.type) for tenant in self._tenants(address)
            ]
        if address.key.isupper():
            raise InvalidNodeIdError("no shouting")
        namespace = address.namespace
        if namespace == self.spec.kind and address.type in ("domain", "ip"):
            namespace = "obs"
        return [NodeId(namespace, tenant, address.type, address.key) for tenant in self._tenants(address)]

    def _tenants(self, address: Address) -> Sequence[str | None]:
        if not self.tenants or address.namespace == "obs":
            return [None] if address.tenant is None else []
        if address.tenant is None:
            return self.tenants
        return [address.tenant] if address.tenant in self.tenants else []

    def accepts(self, address: Address) -> bool:
        """Accept what is canonical, selections only where the sheet says so."""
        if isinstance(address, Selection) and not self.spec.selects:
            return False
        return list(self.claim(address)) == [address]

    def recognise(self, text: str) -> Sequence[Guess]:
        """Recognise `<type>#<key>` in every own namespace and tenant; a key that ends in '?' may be it."""
        type_, mark, key = text.partition("#")
        guesses = []
        for namespace in self.spec.namespaces:
            try:
                claimed = self.claim(NodeId(namespace, None, type_, key))
            except InvalidNodeIdError:
                continue
            sure = 0.5 if key.endswith("?") else 1.0
            guesses += [Guess(one, sure) for one in claimed if mark and self.accepts(one)]
        return guesses

    def unresolved(self, node: NodeId) -> bool:
        """Leave entities to their description."""
        return node.namespace == self.spec.kind and node.type == "entity"

    def aliases(self, node: NodeId) -> Sequence[str]:
        """Give the own form of a neutral node, and its entity."""
        if node.namespace != "obs" or self.spec.kind not in self.spec.namespaces:
            return ()
        kind = self.spec.kind
        # The last two are no addresses of nodes, which a connector may well give.
        return (
            f"{kind}:{node.type}:{node.key}",
            f"{kind}:entity:{node.type}-{node.key}",
            "a page",
            "a:section",
        )

    def pushed(self, address: Address, filter: Filter, *, batched: bool) -> Filter:
        """Push deletion, types and times, times only one by one; or nothing."""
        if not self.pushes:
            return Filter()
        return Filter(filter.deleted, None if batched else filter.created_after, with_type=filter.with_type)

    def ask(self, addresses: Sequence[Address], want: Want) -> Sequence[Call]:
        """Ask about all of a batch in one call."""
        pushed = self.pushed(addresses[0], want.filter, batched=len(addresses) > 1)
        query = (("deleted", pushed.deleted.value), ("after", str(pushed.created_after)))
        path = f"/{want.aspect.value}/{encode_ref(' '.join(map(str, addresses)))}"
        return [Call("GET", path, tuple(addresses), query=query, aspect=want.aspect)]

    def judge(self, call: Call, reply: Reply) -> Verdict:
        """Judge as usual."""
        return classify(reply)

    def read(self, call: Call, reply: Reply) -> Page:
        """Read what a `Site` writes."""
        body = json.loads(reply.body)
        return Page(
            edges=tuple(_edge(row) for row in body.get("edges", ())),
            facts=tuple(
                NodeFacts(_node(name), label=label, attributes=(("note", label),))
                for name, label in body.get("facts", {}).items()
            ),
            withheld=body.get("withheld"),
            follow=by_cursor(call, parameter="page", token=body.get("next"), path="next"),
            total=body.get("total"),
            canonical=_node(body["canonical"]) if "canonical" in body else None,
        )


def _node(text: str) -> NodeId:
    node = parse_address(text)
    assert isinstance(node, NodeId)
    return node


def _edge(row: dict[str, Any]) -> Edge:
    one, other = _node(row["subject"]), _node(row["object"])
    subject, object_ = (one, other) if row["directed"] else undirected(one, other)
    created = row["created_at"]
    return Edge(
        subject,
        object_,
        row["relation"],
        row["directed"],
        row["record"],
        None if created is None else datetime.fromisoformat(created),
        deleted=row["deleted"],
        attributes=tuple(sorted(row["attributes"].items())),
    )


Fault = int | str | Exception


@dataclass
class Site:
    """A scripted upstream: rows, labels of nodes, and what goes wrong for which address.

    `faults` maps a text that a call's aspect and addresses contain to a status, to "slow", to "garbled"
    or to an error; `trouble` is asked what goes wrong now where none fits. `held_back` is why no call
    leaves. Every call takes `seconds`. A listing has pages of `page_size` rows, if that is set; with
    `circle` so many pages, the last of which names the first as the next.
    """

    clock: FixedClock
    rows: list[dict[str, Any]] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    extras: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    trouble: Callable[[], Fault | None] = lambda: None
    refused: set[str] = field(default_factory=set)
    journal: list[tuple[str, str, str]] = field(default_factory=list)
    retry_after: str = "7"
    held_back: Exception | None = None
    seconds: float = 0.0
    page_size: int | None = None
    circle: int | None = None

    def line(self, one: str, other: str, **rest: Any) -> None:
        """Add an undirected row, or a directed one."""
        told = {"relation": "r", "directed": False, "record": None, "created_at": None, "deleted": False}
        self.rows.append(told | {"attributes": {}} | rest | {"subject": one, "object": other})

    def asked(self) -> list[str]:
        """Give and forget the addresses asked about, in order."""
        seen = [address for _, _, addresses in self.journal for address in addresses.split(" ")]
        self.journal.clear()
        return seen

    async def send(self, call: Call, *, timeout: timedelta, caller: str) -> Reply:
        """Answer one call."""
        names = [str(address) for address in call.nodes]
        self.journal.append((caller, call.aspect.value, " ".join(names)))
        if caller in self.refused:
            return self._reply(401)
        question = f"{call.aspect.value} {' '.join(names)}"
        fault = next((fault for text, fault in self.faults.items() if text in question), self.trouble())
        if fault == "slow" or self.seconds > timeout.total_seconds():
            for _ in range(50):
                await asyncio.sleep(0)
            self.clock.passed += timeout.total_seconds()
            raise SourceTimeoutError("no reply in time")
        self.clock.passed += self.seconds
        if fault == "garbled":
            return self._reply(200, "no object")
        if isinstance(fault, Exception):
            raise fault
        if isinstance(fault, int):
            return self._reply(fault)
        if call.aspect is Aspect.DESCRIPTION:
            return self._describe(names[0])
        if names[0] in self.absent and len(names) == 1:
            return self._reply(404)
        return self._list(call, names)

    def _describe(self, name: str) -> Reply:
        label = self.labels.get(name)
        if label is None:
            return self._reply(404)
        canonical = self.extras.get(name, {}).get("canonical")
        body: dict[str, Any] = {"facts": {canonical or name: label}}
        return self._reply(200, body if canonical is None else body | {"canonical": canonical})

    def _list(self, call: Call, names: list[str]) -> Reply:
        query = dict(call.query)
        edges = []
        for row in self.rows:
            inside = [end for end in (row["subject"], row["object"]) if _within(end, names)]
            late = query["after"] != "None" and not (row["created_at"] or "9") > query["after"].replace(
                " ", "T"
            )
            if inside and not late and (query["deleted"] != "exclude" or not row["deleted"]):
                edges.append(row)
        edges, more = self._page(edges, int(query.get("page", 0)))
        ends = {end for row in edges for end in (row["subject"], row["object"])}
        facts = {end: self.labels[end] for end in sorted(ends) if end in self.labels}
        extra = self.extras.get(names[0], {}) if len(names) == 1 else {}
        return self._reply(200, {"edges": edges, "facts": facts} | extra | more)

    def _page(self, rows: list[dict[str, Any]], number: int) -> tuple[list[dict[str, Any]], dict[str, str]]:
        """Give the rows of one page, and what names the next one."""
        if self.circle is not None:
            return rows if number == 0 else [], {"next": str((number + 1) % self.circle)}
        if self.page_size is None:
            return rows, {}
        end = (number + 1) * self.page_size
        return rows[number * self.page_size : end], {"next": str(number + 1)} if end < len(rows) else {}

    def _reply(self, status: int, body: Any = None) -> Reply:
        headers = {"retry-after": self.retry_after} if status == 429 else {}
        return Reply(status, self.clock.now(), headers, json.dumps(body).encode())


def _within(end: str, names: list[str]) -> bool:
    for name in names:
        address = parse_address(name)
        if end == name or (isinstance(address, Selection) and address.covers(_node(end))):
            return True
    return False
