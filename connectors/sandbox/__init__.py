"""Faithful upstreams of our own, to run and test against; they share no code with the connectors."""
