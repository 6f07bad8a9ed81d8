"""The shape of an answer as Cytoscape's elements."""

from pydantic import BaseModel, Field

from service.api.openapi.answer import About
from service.api.openapi.shape import Attributes


class CytoscapeElement(BaseModel):
    """A node or an edge."""

    data: Attributes = Field(
        description="The record of the JSON answer. A node has `value` and `name` besides, and `elsewhere` "
        "if only another page has its record; an edge has `source`, `target` and `key`."
    )


class CytoscapeElements(BaseModel):
    """What Cytoscape draws."""

    nodes: list[CytoscapeElement]
    edges: list[CytoscapeElement]


class CytoscapeGraph(BaseModel):
    """A neighborhood that Cytoscape.js and networkx load as it is."""

    data: About
    directed: bool = Field(description="Whether any edge is.")
    multigraph: bool
    elements: CytoscapeElements
