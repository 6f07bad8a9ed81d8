"""One assertion by one upstream record: subject, relation, object."""

from dataclasses import dataclass
from datetime import datetime

from connectors.model.ids import NodeId
from connectors.model.node import Attributes


@dataclass(frozen=True, slots=True)
class Edge:
    """What one record of a source asserts between two nodes.

    `record` is the upstream's own id of it, or None where it has none. Times are aware UTC; None
    where the source tells none. `attributes` belong to the assertion, not to the nodes.
    """

    subject: NodeId
    object: NodeId
    relation: str
    directed: bool
    record: str | None = None
    created_at: datetime | None = None
    deleted_at: datetime | None = None
    deleted: bool = False
    attributes: Attributes = ()

    def other_end(self, node: NodeId) -> NodeId:
        """Give the end that is not `node`; of a loop, the node itself."""
        return self.object if self.subject.text == node.text else self.subject


def undirected(one: NodeId, other: NodeId) -> tuple[NodeId, NodeId]:
    """Give subject and object of an undirected edge: the smaller address, by code point, first."""
    return (one, other) if one.text <= other.text else (other, one)
