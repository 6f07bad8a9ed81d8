"""The service: knows HTTP, Redis and networkx, and sources only by name."""
