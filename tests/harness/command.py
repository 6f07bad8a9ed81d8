"""The command `relgraph`, for starts that end by themselves."""

import os
import subprocess
import sys
from pathlib import Path

_PATIENCE = 30


def run_relgraph(
    *arguments: str, environment: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run it to its end and give its exit code and what it said; it may not go on for ever."""
    return subprocess.run(  # noqa: S603 - our own command
        [str(Path(sys.executable).with_name("relgraph")), *arguments],
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        env={**os.environ, **(environment or {})},
        check=False,
    )
