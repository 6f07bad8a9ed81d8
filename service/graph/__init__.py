"""Pure: budgets, the breadth-first frontier, merging, and the networkx graph of an answer."""
