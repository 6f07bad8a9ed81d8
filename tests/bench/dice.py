"""Chance that falls the same way every time."""

from random import Random


def dice(seed: int) -> Random:
    """Give dice that a number decides."""
    return Random(seed)  # noqa: S311 - repeatable by design, nothing secret
