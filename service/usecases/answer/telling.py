"""What is told of one node of an answer beside its edges: by whom, and by what other addresses."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from connectors.model import NodeFacts, NodeId
from service.graph.scribe import NodeTold
from service.usecases.answer.inquiry import Inquiry
from service.usecases.answer.naming import Naming
from service.usecases.source import Source

_PAIR = 2
Teller = Callable[[NodeId], NodeTold]


def teller(sources: Sequence[Source], *, inquiry: Inquiry, naming: Naming) -> Teller:
    """Give what tells of a named node what the sources told that call it by this name."""
    ways = [(source.connector.accepts, source.connector.aliases) for source in sources]
    facts_of, is_plain = inquiry.fetcher.ledger.facts_of, naming.is_plain

    def tell(node: NodeId) -> NodeTold:
        if not is_plain(node):
            return _tell_of_several(node, inquiry, naming)
        # Of an answer's thousand nodes, all but the seed.
        found: Sequence[str] = ()
        for accepts, aliases in ways:
            if accepts(node):
                found = (*found, *aliases(node)) if found else aliases(node)
        if len(found) == _PAIR and node.text not in found and found[0] != found[1]:
            # What nearly every node has, in a third of the time.
            return NodeTold(facts_of(node), sorted(found))
        return NodeTold(facts_of(node), sorted({*found} - {node.text}))

    return tell


def _tell_of_several(node: NodeId, inquiry: Inquiry, naming: Naming) -> NodeTold:
    """Tell of a node that has several addresses, or could have."""
    members = naming.members(node)
    known: dict[str, NodeFacts] = {}
    for address in naming.addresses(node):
        for name, told in inquiry.fetcher.ledger.facts_of(address).items():
            known[name] = _completed(known[name], told) if name in known else told
    aliases = set(map(str, members))
    for source, canonical in naming.askers(node):
        if isinstance(canonical, NodeId):
            aliases.update(source.connector.aliases(canonical))
    facts = {
        name: told
        for name, told in known.items()
        if any(naming.name(inquiry.source(name), member) == node for member in members)
    }
    return NodeTold(facts, sorted(aliases - {str(node)}))


def _completed(facts: NodeFacts, other: NodeFacts) -> NodeFacts:
    """Fill in what one source tells of another address of the node; where both say something, it stays."""
    attributes = {**dict(other.attributes), **dict(facts.attributes)}
    return replace(
        facts,
        label=other.label if facts.label is None else facts.label,
        url=other.url if facts.url is None else facts.url,
        attributes=tuple(sorted(attributes.items(), key=lambda pair: pair[0])),
    )
