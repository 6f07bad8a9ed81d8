"""HTTP: one file per resource, one table of problems."""
