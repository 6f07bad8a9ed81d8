"""The ThreatWinds connector: which calls a question takes, and where each reply is read."""

from collections.abc import Sequence
from urllib.parse import quote

from connectors.contract import UNFILTERED, ConnectorSpec, Filter, Freshness, Guess, Pace, Page, Want
from connectors.disposition import Verdict
from connectors.model import Address, NodeId
from connectors.observable import NAMESPACE as OBSERVABLE
from connectors.sources.threatwinds import verdict
from connectors.sources.threatwinds.guess import recognise
from connectors.sources.threatwinds.mapping import MAPPING_VERSION, RELATED_TO, map_description, map_relations
from connectors.sources.threatwinds.native import ENTITY, NAMESPACE, aliases_of, claim, is_valued, native_of
from connectors.sources.threatwinds.payload import parse_entity, parse_slice
from connectors.sources.threatwinds.settings import ThreatWindsSettings
from connectors.sources.threatwinds.slices import amending, following, is_beyond
from connectors.wire import Aspect, Call, Pairs, Reply

_ACCEPT = ("accept", "application/json")
_EXAMPLES = (
    "observable:domain:acescency.com",
    "threatwinds:threat:expansion on 123@123.com",
    "threatwinds:entity:domain-59f5e994104053f590acdd1d2d72071669c839a60fc68291110facfa2fd16396",
)


class ThreatWindsConnector:
    """One configured ThreatWinds API, as pure functions (`GET /api/search/v1/entity/{id}…`)."""

    def __init__(self, settings: ThreatWindsSettings) -> None:
        """Take what the calls need from the settings; no secret is among it."""
        place = settings.groups_place
        groups = (("groups", settings.groups),)
        optional = (("sort", settings.sort), ("order", settings.order), ("types", ",".join(settings.types)))
        chosen = tuple((name, value) for name, value in optional if value)
        self._dialect = settings.dialect
        self._base = 0 if settings.dialect == "2023" else 1  # later documents count pages from 1
        self._query: Pairs = (
            ("limit", str(settings.limit)),
            *(groups if place == "query" else ()),
            *chosen,
        )
        self._headers: Pairs = groups if place == "header" else ()
        self._spec = ConnectorSpec(
            kind=NAMESPACE,
            namespaces=(NAMESPACE, OBSERVABLE),
            relations=(RELATED_TO,),
            scope=(
                ("base_url", settings.base_url),
                ("dialect", settings.dialect),
                ("groups", "" if place == "none" else settings.groups),
                ("groups_in", place),
                *chosen,
            ),
            mapping_version=MAPPING_VERSION,
            page_size=settings.limit,
            describes=True,
            both_ends_list=settings.both_ends_list,
            freshness=Freshness.of(settings),
            pace=Pace.of(settings),
            examples=_EXAMPLES,
        )

    @property
    def spec(self) -> ConnectorSpec:
        """Give the data sheet."""
        return self._spec

    def claim(self, address: Address) -> Sequence[Address]:
        """Give the canonical address of what a caller typed; none when it is not ours."""
        return claim(address)

    def accepts(self, address: Address) -> bool:
        """Tell whether the address stands for an entity that ThreatWinds could know."""
        return isinstance(address, NodeId) and (is_valued(address) or native_of(address) is not None)

    def recognise(self, text: str) -> Sequence[Guess]:
        """Give the entities that a pasted text may mean."""
        return recognise(text)

    def unresolved(self, node: NodeId) -> bool:
        """Tell whether the address is a bare native id."""
        return node.namespace == NAMESPACE and node.type == ENTITY

    def aliases(self, node: NodeId) -> Sequence[str]:
        """Give ThreatWinds' own form of an observable, and the native id."""
        return aliases_of(node)

    def pushed(self, address: Address, filter: Filter, *, batched: bool) -> Filter:  # noqa: ARG002 - the interface's signature; this upstream filters nothing
        """Give the empty filter: this upstream applies none."""
        return UNFILTERED

    def ask(self, addresses: Sequence[Address], want: Want) -> Sequence[Call]:
        """Give one call per node: its first slice of relations, or its description."""
        return tuple(self._open(node, want.aspect) for node in addresses if isinstance(node, NodeId))

    def judge(self, call: Call, reply: Reply) -> Verdict:
        """Say what a reply means in the configured dialect."""
        return verdict.judge(call, reply, dialect=self._dialect)

    def read(self, call: Call, reply: Reply) -> Page:
        """Read an entity or a slice of relations; the first slice says which others follow."""
        asked = next(node for node in call.nodes if isinstance(node, NodeId))
        if call.aspect is Aspect.DESCRIPTION:
            return map_description(asked, parse_entity(reply.body))
        if is_beyond(call, status=reply.status):
            return Page(follow=amending(call, ids=()))
        page = parse_slice(reply.body)
        if call.opening:
            follow = following(call, ids=page.ids, items=page.items, base=self._base)
        else:
            follow = amending(call, ids=page.ids)
        return map_relations(asked, page, follow=follow)

    def _open(self, node: NodeId, aspect: Aspect) -> Call:
        path = f"/api/search/v1/entity/{quote(str(native_of(node)), safe='')}"
        if aspect is Aspect.DESCRIPTION:
            return Call("GET", path, (node,), headers=(_ACCEPT,), aspect=aspect)
        # No page number: see `slices`.
        return Call("GET", f"{path}/relations", (node,), query=self._query, headers=(_ACCEPT, *self._headers))
