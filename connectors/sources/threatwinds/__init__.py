"""ThreatWinds: which threats, files, addresses and people are related to which.

Source: `GET /api/search/v1/entity/{id}/relations`; see README.md beside this file.
"""

from connectors.contract import Plugin
from connectors.credential import Scheme
from connectors.sources.threatwinds.connector import ThreatWindsConnector
from connectors.sources.threatwinds.settings import ThreatWindsSettings, make_credential

__all__ = ["PLUGIN"]

PLUGIN = Plugin(
    kind="threatwinds",
    settings=ThreatWindsSettings,
    build=ThreatWindsConnector,
    credential=make_credential,
    caller_schemes=frozenset({Scheme.BEARER, Scheme.KEY_PAIR}),
)
