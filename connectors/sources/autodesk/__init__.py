"""Autodesk relationship service v2: the relations between the things of a construction project."""

from connectors.contract import Plugin
from connectors.credential import Scheme
from connectors.sources.autodesk.connector import build
from connectors.sources.autodesk.credential import make_credential
from connectors.sources.autodesk.settings import AutodeskSettings

PLUGIN = Plugin(
    kind="autodesk",
    settings=AutodeskSettings,
    build=build,
    credential=make_credential,
    caller_schemes=frozenset({Scheme.BEARER}),
)

__all__ = ["PLUGIN"]
