"""How fast the service is, against what could do the same: `make bench`, and `docs/performance.md`."""
