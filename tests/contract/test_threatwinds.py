"""ThreatWinds keeps the contract of a connector."""

from pathlib import Path

from connectors.sources.threatwinds import PLUGIN
from connectors.testing import ConnectorContract, canary

KEY_PAIR = {"connector": "threatwinds", "api_key": canary("key"), "api_secret": canary("secret")}
BEARER = {"connector": "threatwinds", "authorization": f"Bearer {canary('token')}"}
CALLER = {"connector": "threatwinds", "credentials": "caller", "groups_in": "header"}


class TestThreatWinds(ConnectorContract):
    plugin = PLUGIN
    settings = (
        KEY_PAIR,
        {**BEARER, "dialect": "2025", "types": ["domain"]},
        {**BEARER, "dialect": "2026"},
        CALLER,
    )
    examples = (
        "observable:domain:acescency.com",
        "threatwinds:url:https://example.com/a?b#c",
        "threatwinds:threat:Expansion on 123@123.com",
        "threatwinds:entity:domain-59f5e994104053f590acdd1d2d72071669c839a60fc68291110facfa2fd16396",
    )
    cassettes = Path(__file__).parent / "cassettes" / "threatwinds"
    pasted = (
        "https://example.com/a?b#c",
        "domain-59f5e994104053f590acdd1d2d72071669c839a60fc68291110facfa2fd16396",
        "malware: win trojan sdbot",
    )
    required = ("items", "results", "results[*].id", "results[*].type", "results[*].attributes")
