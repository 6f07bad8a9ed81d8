"""The formats of an answer and what HTTP calls each."""

from enum import StrEnum


class Format(StrEnum):
    """A format, in the order of preference of who has none."""

    JSON = "json"
    NDJSON = "ndjson"
    CYTOSCAPE = "cytoscape"
    GRAPHML = "graphml"
    GEXF = "gexf"
    DOT = "dot"
    MERMAID = "mermaid"
    CSV = "csv"

    @property
    def media_type(self) -> str:
        """Give the media type that a caller asks for."""
        return _MEDIA_TYPES[self]

    @property
    def content_type(self) -> str:
        """Give the value of the header `Content-Type`: text has to say that it is UTF-8."""
        header = "; header=present" if self is Format.CSV else ""  # RFC 4180 section 3
        charset = "; charset=utf-8" if self.media_type.startswith("text/") else ""
        return self.media_type + charset + header


class Table(StrEnum):
    """Which of an answer's two tables a CSV file is: a file holds one."""

    NODES = "nodes"
    EDGES = "edges"


_MEDIA_TYPES = {
    Format.JSON: "application/json",
    Format.NDJSON: "application/x-ndjson",
    Format.CYTOSCAPE: "application/vnd.cytoscape+json",
    Format.GRAPHML: "application/graphml+xml",
    Format.GEXF: "application/gexf+xml",
    Format.DOT: "text/vnd.graphviz",
    Format.MERMAID: "text/vnd.mermaid",
    Format.CSV: "text/csv",
}
