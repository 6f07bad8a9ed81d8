"""A faithful Autodesk Relationship Service v2 over a generated world, for running and testing against.

Everything a caller of the sandbox may name: the app, its switches, the accounts' tokens and the
world's landmarks.
"""

from connectors.sandbox.autodesk.account import (
    BEARER_OF_ADMINISTRATOR,
    BEARER_OF_MEMBER,
    BEARER_OF_OUTSIDER,
    BEARER_OF_UNPROVISIONED_APP,
    BEARER_WITHOUT_SCOPE,
    CLIENT_ID,
    CLIENT_KEY,
    REFRESH_OF_MEMBER,
)
from connectors.sandbox.autodesk.app import create_app
from connectors.sandbox.autodesk.landmark import (
    DEMO_ASSET,
    DEMO_CONTAINER,
    DEMO_DOCUMENT,
    DEMO_ISSUE,
    EMEA_CONTAINER,
    HUB_ASSET,
    HUB_DOCUMENT,
    SECOND_CONTAINER,
    SHARED_ISSUE,
    SHARED_PHOTO,
)
from connectors.sandbox.autodesk.switches import AutodeskSwitches, Grant, ServiceAccount

__all__ = [
    "BEARER_OF_ADMINISTRATOR",
    "BEARER_OF_MEMBER",
    "BEARER_OF_OUTSIDER",
    "BEARER_OF_UNPROVISIONED_APP",
    "BEARER_WITHOUT_SCOPE",
    "CLIENT_ID",
    "CLIENT_KEY",
    "DEMO_ASSET",
    "DEMO_CONTAINER",
    "DEMO_DOCUMENT",
    "DEMO_ISSUE",
    "EMEA_CONTAINER",
    "HUB_ASSET",
    "HUB_DOCUMENT",
    "REFRESH_OF_MEMBER",
    "SECOND_CONTAINER",
    "SHARED_ISSUE",
    "SHARED_PHOTO",
    "AutodeskSwitches",
    "Grant",
    "ServiceAccount",
    "create_app",
]
