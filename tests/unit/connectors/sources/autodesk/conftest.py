"""What the tests of this connector are built from: settings, calls and replies."""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.sources.autodesk import PLUGIN
from connectors.sources.autodesk.connector import AutodeskConnector
from connectors.sources.autodesk.settings import AutodeskSettings
from connectors.wire import Reply

CONTAINER = "f0f4f36a-ac64-687f-b132-8efe04b22454"
_EXAMPLE_ROW: dict[str, Any] = {
    "id": "74b70bb8-8802-a1fd-f201-890375a60c8f",
    "createdOn": "2015-10-21T16:32:22Z",
    "isReadOnly": True,
    "isService": False,
    "isDeleted": False,
    "entities": [
        {
            "domain": "autodesk-bim360-asset",
            "type": "asset",
            "id": "2b95ba7a-3df5-4e99-a693-9c7cc15ee8c0",
            "createdOn": "2021-07-29T11:39:12+01:00",
        },
        {
            "domain": "autodesk-bim360-documentmanagement",
            "type": "documentlineage",
            "id": "urn:adsk.wipprod:dm.lineage:hC6k4hndRWaeIVhIjvHu8w",
            "createdOn": "2021-07-29T13:39:12+01:00",
        },
    ],
}


@pytest.fixture
def make_settings() -> Callable[..., AutodeskSettings]:
    """Give valid settings with some of them replaced; None takes one away."""

    def make(**changes: Any) -> AutodeskSettings:
        table = {"connector": "autodesk", "containers": [CONTAINER], "authorization": "Bearer canary-token"}
        merged = {name: value for name, value in (table | changes).items() if value is not None}
        return AutodeskSettings.model_validate(merged)

    return make


@pytest.fixture
def make_connector(make_settings: Callable[..., AutodeskSettings]) -> Callable[..., AutodeskConnector]:
    """Give a connector with some of its settings replaced."""

    def make(**changes: Any) -> AutodeskConnector:
        connector = PLUGIN.build(make_settings(**changes))
        assert isinstance(connector, AutodeskConnector)
        return connector

    return make


@pytest.fixture(scope="session")
def make_reply() -> Callable[..., Reply]:
    """Give a reply with this body, written as JSON unless it is bytes."""

    def make(body: Any, *, status: int = 200, **headers: str) -> Reply:
        return Reply(
            status=status,
            received_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        )

    return make


@pytest.fixture(scope="session")
def make_row() -> Callable[[], dict[str, Any]]:
    """Give, each time anew, the one row of the documentation's example reply (relationships:search)."""
    return lambda: deepcopy(_EXAMPLE_ROW)


@pytest.fixture
def example_row(make_row: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Give a row that the test may change."""
    return make_row()
