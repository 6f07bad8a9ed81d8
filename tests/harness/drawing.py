"""Graphs as an answer holds them, drawn in a line of text or by the thousand."""

import random
from collections.abc import Iterable
from typing import Any

import networkx as nx

# One edge: its ends, and whether it is directed.
Drawn = tuple[str, str, bool]


def parse_drawing(text: str) -> list[Drawn]:
    """Read `a>b b-c`: a directed edge from a to b, an undirected one between b and c."""
    return [(word[0], word[2], word[1] == ">") for word in text.split()]


def draw(edges: Iterable[Drawn], *, nodes: Iterable[str] = "", expansion: str = "complete") -> Any:
    """Build the graph of these edges, and of these nodes beside their ends."""
    graph: Any = nx.MultiDiGraph()
    drawn = list(edges)
    for node in dict.fromkeys([*nodes, *(end for edge in drawn for end in edge[:2])]):
        graph.add_node(node, id=node, expansion=expansion)
    for number, (subject, object_, directed) in enumerate(drawn):
        graph.add_edge(subject, object_, key=str(number), directed=directed)
    return graph


def draw_large(*, nodes: int, edges: int) -> Any:
    """Build a connected graph with hubs; the same for the same sizes."""
    dice = random.Random(nodes)  # noqa: S311 - the shape of a test graph
    drawn = []
    for number in range(edges):
        one = number + 1 if number + 1 < nodes else dice.randrange(nodes)
        drawn.append((f"n{one:05}", f"n{int(one * dice.random() ** 2):05}", dice.random() < 0.5))
    return draw(drawn)
