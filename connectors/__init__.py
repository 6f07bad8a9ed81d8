"""Everything that knows upstreams, and nothing that knows the service, Redis or networkx."""
