"""An answer as plain records: what every writer is given."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from service.api.body import encode_records
from service.graph.record import Record


@dataclass(frozen=True)  # without slots: what is written once is kept here
class Written:
    """The three parts of the JSON answer, made of what JSON has; the records are only read.

    `about` is the object `graph`. Nodes and edges come in the order of the answer. What the records
    hold beyond the contract is carried along wherever a format can hold it.
    """

    about: dict[str, Any]
    nodes: Sequence[Record]
    edges: Sequence[Record]

    @cached_property
    def nodes_json(self) -> bytes:
        """Give the nodes as the JSON answer has them, by which its ETag goes, too."""
        return encode_records(self.nodes)

    @property
    def is_directed(self) -> bool:
        """Tell whether any edge has a direction: only then is the graph a directed one."""
        return any(edge["directed"] for edge in self.edges)

    def elsewhere(self) -> list[str]:
        """Give the addresses that edges name and no node of this answer has, in order of appearance.

        A later page names nodes of an earlier one, and most readers refuse an edge without both ends.
        """
        held = {node["id"] for node in self.nodes}
        ends = (edge[end] for edge in self.edges for end in ("subject", "object"))
        return [end for end in dict.fromkeys(ends) if end not in held]
