"""What is told of one node of an answer beside its edges: by whom, and by what other addresses."""

from dataclasses import replace

from connectors.model import NodeFacts, NodeId
from service.graph.scribe import NodeTold
from service.usecases.inquiry import Inquiry
from service.usecases.naming import Naming


def told_of(node: NodeId, *, inquiry: Inquiry, naming: Naming) -> NodeTold:
    """Give what is told of a named node by the sources that call it by this name."""
    if naming.is_plain(node):
        # Of an answer's thousand nodes, all but the seed.
        names: set[str] = set()
        for source in naming.accepting(node):
            names.update(source.connector.aliases(node))
        names.discard(node.text)
        return NodeTold(inquiry.fetcher.ledger.facts_of(node), sorted(names))
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
