"""What one source tells of one node."""

from dataclasses import dataclass

from connectors.model.ids import NodeId

Value = str | int | float | bool | tuple["Value", ...] | None
Attributes = tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """A node's label, address on the web and attributes, as one source shows them.

    Attributes are name-value pairs in ascending order of name, so that equal facts are equal
    values; a list is a tuple. `asked` is the node of a batch in whose relations this was shown; None
    means that it was shown to all who asked.
    """

    node: NodeId
    label: str | None = None
    url: str | None = None
    attributes: Attributes = ()
    asked: NodeId | None = None
