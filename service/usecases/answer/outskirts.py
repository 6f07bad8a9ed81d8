"""Nodes of the outermost hop, written as JSON while others are still asked: less is left for the end.

Most nodes of an answer of three hops lie there: nobody is asked about them, and what one listing tells of
one is as a rule all there is to tell. So each is written when it is first told of, as it will stand if
nothing comes nearer to it and nobody says more of it. At the end that is looked at, of each.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Raw
from msgspec.json import Encoder

from connectors.model import NodeFacts, NodeId
from connectors.walk import Finding
from service.graph.asked import Degree
from service.graph.expansion import Expansion
from service.graph.path import PathSearch
from service.graph.scribe import NodeTold, Scribe
from service.usecases.answer.lookout import FEWEST_HOPS
from service.usecases.answer.naming import Naming
from service.usecases.ask import Ask
from service.usecases.asking.fetch import Fetcher
from service.usecases.source import Source

# More records than these are not passed on one by one (`service.graph.assemble`).
_MOST = 10_000


class Outskirts:
    """The outermost nodes of an answer that one source alone tells of."""

    def __init__(self, source: Source, machine: Expansion, *, fetcher: Fetcher, naming: Naming) -> None:
        """Start with none written."""
        self._source = source
        self._machine = machine
        self._fetcher = fetcher
        self._naming = naming
        self._written: dict[str, tuple[NodeFacts, Raw]] = {}

    def draft(self, ask: Ask, finding: Finding, *, scribe: Scribe) -> None:
        """Write the nodes that a listing is the first to tell of, if nobody will be asked about them."""
        told, written, held = finding.listing.facts, self._written, self._machine.hop
        if self._fetcher.leads_on(ask) or len(written) + len(told) > _MOST:
            return
        is_plain, name, connector = self._naming.is_plain, self._source.name, self._source.connector
        new = {
            facts.node: facts
            for facts in told
            if facts.node.text not in written and facts.node not in held and is_plain(facts.node)
        }

        def tell(node: NodeId) -> NodeTold:
            # Not by the ledger: the listing may be put aside until its turn has come.
            aliases = connector.aliases(node) if connector.accepts(node) else ()
            return NodeTold({name: new[node]}, sorted({*aliases} - {node.text}))

        outermost = _Outermost(dict.fromkeys(new, self._machine.hops))
        try:
            texts = list(map(_ENCODER.encode, scribe.write_nodes(new, found=outermost, told=tell)))
        except UnicodeEncodeError:
            # Half a character: who writes all of them knows what to do.
            return
        for (node, facts), text in zip(new.items(), texts, strict=True):
            written[node.text] = facts, Raw(text)

    def settled(self, nodes: Collection[NodeId]) -> Iterator[Raw | None]:
        """Give the JSON of each of these, None where it is not what was written or nobody has written it.

        Whoever lies at the last hop has never been nearer, so nobody was asked about it.
        """
        hop, last, written = self._machine.hop, self._machine.hops, self._written
        known = self._fetcher.ledger.told_by(self._source.name)
        for node in nodes:
            name = node.text
            facts, text = written.get(name, _UNWRITTEN)
            is_so = text is not None and hop[node] == last and known.get(name, _UNWRITTEN)[1] is facts
            yield text if is_so else None


def outskirts_of(
    machine: Expansion | PathSearch, sources: Sequence[Source], *, fetcher: Fetcher, naming: Naming
) -> Outskirts | None:
    """Give what writes them ahead, where those whom the seed leads to are asked ahead of their turn, too."""
    if not isinstance(machine, Expansion) or machine.hops < FEWEST_HOPS or len(sources) > 1:
        return None
    return Outskirts(sources[0], machine, fetcher=fetcher, naming=naming)


class _Outermost:
    """How far a machine will have come with nodes of its last hop."""

    def __init__(self, hop: Mapping[NodeId, int]) -> None:
        self.hop = hop

    def expansion_of(self, node: NodeId) -> str:  # noqa: ARG002 - whichever it is
        return "boundary"

    def degree_of(self, node: NodeId) -> Degree | None:  # noqa: ARG002 - the same
        return None


_ENCODER = Encoder()
_UNWRITTEN = (None, None)
