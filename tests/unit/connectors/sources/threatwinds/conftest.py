"""A ThreatWinds source without credentials, and rows as the upstream writes them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha3_256
from typing import Any

import pytest

from connectors.contract import Connector
from connectors.sources.threatwinds import PLUGIN
from connectors.wire import Reply

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def build() -> Callable[..., Connector]:
    """Make a connector from what differs from the plainest settings."""

    def make(**settings: Any) -> Connector:
        table = {"connector": "threatwinds", "credentials": "caller", **settings}
        return PLUGIN.build(PLUGIN.settings.model_validate(table))

    return make


@pytest.fixture
def row() -> Callable[..., dict[str, Any]]:
    """Make an entity: its shown value hashes to its id unless `hashed` says otherwise."""

    def make(type_: str, shown: Any, *, hashed: str | None = None, **fields: Any) -> dict[str, Any]:
        digest = sha3_256((str(shown) if hashed is None else hashed).encode()).hexdigest()
        return {"id": f"{type_}-{digest}", "type": type_, "attributes": {type_: shown}, **fields}

    return make


@pytest.fixture
def reply() -> Callable[..., Reply]:
    """Make a reply from a document, or from bytes as they are."""

    def make(document: Any = b"", *, status: int = 202, **headers: str) -> Reply:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return Reply(status, NOW, {name.replace("_", "-"): text for name, text in headers.items()}, body)

    return make
