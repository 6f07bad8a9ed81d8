"""Autodesk keeps the contract of a connector."""

from pathlib import Path

from connectors.sources.autodesk import PLUGIN
from connectors.testing import ConnectorContract, canary

CONTAINER = "f0f4f36a-ac64-687f-b132-8efe04b22454"
BEARER = {"connector": "autodesk", "containers": [CONTAINER], "authorization": f"Bearer {canary('token')}"}
REFRESH = {
    "connector": "autodesk",
    "containers": [CONTAINER],
    "client_id": "an-app",
    "client_secret": canary("client"),
    "refresh_token": canary("refresh"),
}
ACCOUNT = {
    "connector": "autodesk",
    "containers": [CONTAINER],
    "client_id": "an-app",
    "client_secret": canary("client"),
    "service_account_id": "a-robot",
    "key_id": "a-key",
    "private_key": f"-----BEGIN {canary('key')}",
}
CALLER = {"connector": "autodesk", "containers": "any", "credentials": "caller", "region": "EMEA"}


class TestAutodesk(ConnectorContract):
    plugin = PLUGIN
    settings = (BEARER, REFRESH, {**ACCOUNT, "intersect": False}, CALLER)
    examples = (
        f"autodesk-bim360-issue@{CONTAINER}:issue:bd17903c-7d3b-4e56-a79f-4cea00d430db",
        f"autodesk-bim360-documentmanagement@{CONTAINER}:documentlineage:urn:adsk.wipprod:dm.lineage:a#{{3D}}?b/c",
        "autodesk-bim360-asset:asset:2b95ba7a-3df5-4e99-a693-9c7cc15ee8c0",
        f"autodesk-bim360-asset@{CONTAINER}:asset",
        f"autodesk@{CONTAINER}",
    )
    cassettes = Path(__file__).parent / "cassettes" / "autodesk"
    pasted = (
        f"https://acc.autodesk.com/docs/issues/projects/{CONTAINER}/issues?issueId=bd17903c-7d3b-4e56-a79f-4cea00d430db",
        "urn:adsk.wipprod:dm.lineage:hC6k4hndRWaeIVhIjvHu8w",
        f"b.{CONTAINER}",
    )
    required = ("page", "relationships", "relationships[*].id", "relationships[*].entities[*].domain")
