"""One answer under way: from a request to a page of nodes and edges, and what is told of it."""
