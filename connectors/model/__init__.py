"""The vocabulary: frozen, hashable values in terms of the standard library only."""

from connectors.model.edge import Edge, undirected
from connectors.model.ids import (
    Address,
    NodeId,
    Selection,
    decode_ref,
    encode_ref,
    encode_refs,
    parse_address,
)
from connectors.model.node import Attributes, NodeFacts, Value
from connectors.model.outcome import Outcome, worst
from connectors.model.relation import Relation

__all__ = [
    "Address",
    "Attributes",
    "Edge",
    "NodeFacts",
    "NodeId",
    "Outcome",
    "Relation",
    "Selection",
    "Value",
    "decode_ref",
    "encode_ref",
    "encode_refs",
    "parse_address",
    "undirected",
    "worst",
]
