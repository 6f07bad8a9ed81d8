"""Writes settings files for services under test."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CONTAINER = "f0f4f36a-ac64-687f-b132-8efe04b22454"


def write_settings(path: Path, *, sources: Mapping[str, Mapping[str, Any]], **top: Any) -> Path:
    """Write a TOML settings file; values are strings, numbers, booleans or lists of them."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in top.items() if not isinstance(value, dict)]
    tables = {name: value for name, value in top.items() if isinstance(value, dict)}
    for name, table in tables.items():
        lines += _table(name, table)
    for name, source in sources.items():
        lines += _table(f"sources.{name}", source)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def threatwinds(url: str, **changes: Any) -> dict[str, Any]:
    """Give the table of a ThreatWinds sandbox source, with the demo account."""
    table = {"connector": "threatwinds", "base_url": url, "authorization": "Bearer sandbox-demo-token"}
    return {name: value for name, value in (table | changes).items() if value is not None}


def autodesk(url: str, **changes: Any) -> dict[str, Any]:
    """Give the table of an Autodesk sandbox source, as the demo user; the pace is left to the sandbox."""
    table = {
        "connector": "autodesk",
        "base_url": url,
        "containers": [CONTAINER],
        "region": "US",
        "authorization": "Bearer sandbox-bearer-of-ines",
        "requests_per_minute": 100_000,
    }
    if changes.get("credentials") == "caller":
        del table["authorization"]
    return {name: value for name, value in (table | changes).items() if value is not None}


def _table(name: str, table: Mapping[str, Any]) -> list[str]:
    return ["", f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
