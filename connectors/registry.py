"""Finds connectors by entry point and imports only those asked for; the built-ins use the same door."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from connectors.contract import Plugin
from connectors.errors import ConfigurationError

GROUP = "relgraph.connectors"


# What is installed stays while a process runs, and each look reads every distribution's entry points.
@cache
def installed() -> Mapping[str, EntryPoint]:
    """Give the entry point of every connector kind installed, by kind; nothing is imported.

    ConfigurationError when two distributions claim one kind: which one speaks must not depend on
    the order of a search path.
    """
    claims: dict[str, dict[tuple[str, str], EntryPoint]] = defaultdict(dict)
    for point in entry_points(group=GROUP):
        claims[point.name][_owner(point), point.value] = point
    mistakes = [
        f"the connector {kind!r} is claimed by {' and '.join(sorted(owner for owner, _ in points))}"
        for kind, points in sorted(claims.items())
        if len(points) > 1
    ]
    if mistakes:
        raise ConfigurationError(mistakes)
    return MappingProxyType({kind: next(iter(points.values())) for kind, points in sorted(claims.items())})


@cache
def load_plugin(kind: str) -> Plugin:
    """Import the connector of `kind`; ConfigurationError when there is none, or it is none."""
    points = installed()
    if kind not in points:
        known = ", ".join(points) or "none"
        raise ConfigurationError([f"no connector {kind!r} is installed; installed are: {known}"])
    point = points[kind]
    where = f"the connector {kind!r} of {_owner(point)}"
    try:
        plugin = point.load()
    except (ImportError, AttributeError) as error:
        raise ConfigurationError([f"{where} cannot be imported: {error}"]) from error
    if not isinstance(plugin, Plugin):
        raise ConfigurationError([f"{where}: {point.value} is no Plugin"])
    if plugin.kind != kind:
        raise ConfigurationError([f"{where} calls itself {plugin.kind!r}"])
    return plugin


def _owner(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an unnamed distribution"
