"""Installs contenders by package name into a folder of the bench's own, never among our dependencies."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

_PATIENCE = 600


def install_python(package: str, *, into: Path) -> str | None:
    """See to it that a Python package is in the folder; gives why it is not."""
    if (into / package).exists() or find_spec(package) is not None:
        return None
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(into), package]
    return _run(command, what=package)


def install_node(packages: Mapping[str, str], *, into: Path, manifest: str) -> str | None:
    """See to it that npm packages are in the folder, as `manifest` (a package.json) says."""
    if all((into / "node_modules" / name).exists() for name in packages):
        return None
    npm = shutil.which("npm")
    if npm is None:
        return "not installed: there is no npm"
    into.mkdir(parents=True, exist_ok=True)
    (into / "package.json").write_text(manifest, "utf-8")
    # Each names the systems it is for; where another's is asked for, the module alone may still load.
    return _run([npm, "install", "--no-audit", "--no-fund", "--force"], what=", ".join(packages), at=into)


def _run(command: list[str], *, what: str, at: Path | None = None) -> str | None:
    try:
        ran = subprocess.run(  # noqa: S603 - the ordinary clients of the registries
            command, cwd=at, timeout=_PATIENCE, capture_output=True, text=True, check=False, env=os.environ
        )
    except subprocess.TimeoutExpired:
        return f"not installed: {what} took more than {_PATIENCE} s"
    if ran.returncode:
        last = (ran.stderr.strip() or "no reason given").splitlines()[-1]
        return f"not installed: {what}: {last[:60]}"
    return None
