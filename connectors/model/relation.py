"""What a source can say between two nodes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Relation:
    """One word a connector uses for its edges, and whether those edges have a direction."""

    name: str
    directed: bool
