"""The connector of one Autodesk relationship service: pure functions over its settings."""

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.contract import ConnectorSpec, Filter, Freshness, Guess, Pace, Page, Want
from connectors.disposition import Verdict
from connectors.model import Address, NodeId
from connectors.sources.autodesk.address import DOMAIN_PREFIX, WHOLE_CONTAINER, accepts_address, claim_address
from connectors.sources.autodesk.guess import recognise
from connectors.sources.autodesk.mapping import MAPPING_VERSION, RELATED_TO, read_page
from connectors.sources.autodesk.question import MAX_ENTITIES, intersect, push_filter, search
from connectors.sources.autodesk.settings import AutodeskSettings
from connectors.sources.autodesk.verdict import judge_reply
from connectors.wire import Aspect, Call, Pairs, Reply

# The container and two entities of the documentation's examples (relationships:search).
_EXAMPLE_CONTAINER = "f0f4f36a-ac64-687f-b132-8efe04b22454"
_EXAMPLES = (
    "autodesk-bim360-issue@{}:issue:bd17903c-7d3b-4e56-a79f-4cea00d430db",
    "autodesk-bim360-asset@{}:asset:2b95ba7a-3df5-4e99-a693-9c7cc15ee8c0",
    "autodesk-bim360-issue@{}:issue",
    "autodesk@{}",
)


@dataclass(frozen=True, slots=True)
class AutodeskConnector:
    """Says which calls to make and what their replies assert; made by `build`."""

    settings: AutodeskSettings
    spec: ConnectorSpec

    def claim(self, address: Address) -> Sequence[Address]:
        """Give the canonical addresses; without a container, one for each that is configured."""
        return claim_address(address, containers=self.settings.containers)

    def accepts(self, address: Address) -> bool:
        """Tell whether this is just what `claim` would give."""
        return accepts_address(address, containers=self.settings.containers)

    def recognise(self, text: str) -> Sequence[Guess]:
        """Give the things and projects that a pasted text may mean in these containers."""
        return recognise(text, containers=self.settings.containers)

    def unresolved(self, node: NodeId) -> bool:  # noqa: ARG002 - the protocol's signature
        """Say no: domain, type and id are what the service itself goes by."""
        return False

    def aliases(self, node: NodeId) -> Sequence[str]:  # noqa: ARG002 - the same
        """Give none: the service knows an entity by one name."""
        return ()

    def pushed(self, address: Address, filter: Filter, *, batched: bool) -> Filter:
        """Give what the calls apply; the rest, and the exact test of times, is left to the reader."""
        return push_filter(filter, address=address, intersected=batched and self.settings.intersect)

    def ask(self, addresses: Sequence[Address], want: Want) -> Sequence[Call]:
        """Search for one address; intersect several nodes, container by container."""
        if want.aspect is not Aspect.RELATIONS:
            return ()
        several = self.settings.intersect and len(addresses) > 1
        alone: list[Address] = []
        together: dict[str | None, list[NodeId]] = {}
        for address in dict.fromkeys(addresses):
            if several and isinstance(address, NodeId):
                together.setdefault(address.tenant, []).append(address)
            else:
                alone.append(address)
        headers, page_limit = self._headers, self.settings.page_limit
        return (
            *(search(address, want.filter, headers=headers, page_limit=page_limit) for address in alone),
            *(
                intersect(nodes, want.filter, headers=headers, page_limit=page_limit)
                for nodes in together.values()
            ),
        )

    def judge(self, call: Call, reply: Reply) -> Verdict:  # noqa: ARG002 - the same
        """Say what the status means; that the body of a 200 is a listing, `read` sees to."""
        return judge_reply(reply)

    def read(self, call: Call, reply: Reply) -> Page:
        """Read one page of relationships."""
        return read_page(call, reply)

    @property
    def _headers(self) -> Pairs:
        region = self.settings.region
        accept = ("accept", "application/json")
        # Documented as optional; in practice a container outside the US answers 403 without it.
        return (accept,) if region is None else (accept, ("x-ads-region", region))


def build(settings: AutodeskSettings) -> AutodeskConnector:
    """Make the connector of one source."""
    return AutodeskConnector(settings=settings, spec=_describe(settings))


def _describe(settings: AutodeskSettings) -> ConnectorSpec:
    container = _EXAMPLE_CONTAINER if settings.containers == "any" else settings.containers[0]
    return ConnectorSpec(
        kind=settings.connector,
        namespaces=(WHOLE_CONTAINER, f"{DOMAIN_PREFIX}*"),
        relations=(RELATED_TO,),
        scope=(("base_url", settings.root), ("region", settings.region or "")),
        mapping_version=MAPPING_VERSION,
        batch_size=MAX_ENTITIES if settings.intersect else 1,
        page_size=settings.page_limit,
        selects=True,
        # A search for an entity gives the records that include it, whichever of the two it is.
        both_ends_list=True,
        freshness=Freshness.of(settings),
        pace=Pace.of(settings),
        # "true if this relationship is read only for the current caller" (relationships:search).
        caller_relative=frozenset({"is_read_only"}),
        examples=tuple(text.format(container) for text in _EXAMPLES),
    )
