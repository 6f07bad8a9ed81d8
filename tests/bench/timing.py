"""Times that were taken, and what is told of them."""

from collections.abc import Sequence
from math import ceil
from statistics import median


def percentile(times: Sequence[float], *, share: float) -> float:
    """Give the smallest time that `share` of all do not exceed (nearest rank)."""
    ordered = sorted(times)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def milliseconds(times: Sequence[float]) -> dict[str, float]:
    """Give what the JSON tells of times in seconds."""
    return {
        "n": len(times),
        "p50_ms": round(median(times) * 1000, 3),
        "p99_ms": round(percentile(times, share=0.99) * 1000, 3),
        "min_ms": round(min(times) * 1000, 3),
        "max_ms": round(max(times) * 1000, 3),
    }
