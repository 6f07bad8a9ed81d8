"""The only I/O of the connectors: sending calls, signing them, pacing them."""
