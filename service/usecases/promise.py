"""What the data sheets of those who are asked about a node promise, for a search that has to choose."""

from connectors.model import NodeId
from service.usecases.naming import Naming


def cost(node: NodeId, *, naming: Naming) -> int:
    """Estimate the calls that asking about a node takes, in sixtieths: it shares a batch."""
    return sum(60 // source.connector.spec.batch_size for source, _ in naming.askers(node))


def tells_all(node: NodeId, *, naming: Naming) -> bool:
    """Tell whether everybody who is asked about a node lists each relation at both of its ends.

    Of a node that nobody can be asked about nobody has promised it.
    """
    asked = [source.connector.spec for source, _ in naming.askers(node)]
    return bool(asked) and all(spec.both_ends_list for spec in asked)
