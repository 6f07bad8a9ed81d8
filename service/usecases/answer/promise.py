"""What the data sheets of those who are asked about a node promise, for a search that has to choose."""

from collections.abc import Iterable

from connectors.model import NodeId
from service.usecases.answer.naming import Naming
from service.usecases.source import Source


def cost(node: NodeId, *, naming: Naming) -> int:
    """Estimate the calls that asking about a node takes, in sixtieths: it shares a batch."""
    return sum(60 // source.connector.spec.batch_size for source, _ in naming.askers(node))


def tells_all(node: NodeId, *, naming: Naming) -> bool:
    """Tell whether everybody who is asked about a node lists each relation at both of its ends.

    Of a node that nobody can be asked about nobody has promised it.
    """
    asked = [source.connector.spec for source, _ in naming.askers(node)]
    return bool(asked) and all(spec.both_ends_list is True for spec in asked)


def presumes(sources: Iterable[Source]) -> bool:
    """Tell whether of none of these sources it is known that it may list a relation at one end only."""
    return all(source.connector.spec.both_ends_list is not False for source in sources)
