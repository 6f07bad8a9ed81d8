"""Worlds of the sandbox's kinds in the sizes the rows ask for, and how they get into a store."""
