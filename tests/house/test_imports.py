"""Who may import whom: the contracts in pyproject.toml, and what imports cannot show."""

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTRACTS = 15


def test_every_import_contract_is_kept() -> None:
    """All contracts are read and kept: the number is asserted, since a broken tool reports none broken."""
    program = "import sys; from importlinter.cli import lint_imports_command as run; run(sys.argv[1:])"
    ran = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", program, "--no-cache"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert re.search(rf"Contracts: {CONTRACTS} kept, 0 broken", ran.stdout), ran.stdout + ran.stderr
    assert (ROOT / "pyproject.toml").read_text().count("[[tool.importlinter.contracts]]") == CONTRACTS


def test_only_the_settings_read_the_environment() -> None:
    """No module but the settings touches `os.environ` or `os.getenv`."""
    readers = set()
    for path in (*ROOT.glob("connectors/**/*.py"), *ROOT.glob("service/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "name", "")
            if name in {"environ", "environb", "getenv", "getenvb"}:
                readers.add(path.relative_to(ROOT).as_posix())
    assert readers == {"service/settings/load.py"}


def test_nothing_waits_in_a_way_that_loses_cancellations() -> None:
    """`asyncio.wait_for` may, before Python 3.12: `asyncio.timeout` is there instead."""
    waiting = [
        path.relative_to(ROOT).as_posix()
        for path in (*ROOT.glob("connectors/**/*.py"), *ROOT.glob("service/**/*.py"))
        if re.search(r"asyncio\.wait_for\(|import .*\bwait_for\b", path.read_text("utf-8"))
    ]
    assert waiting == []
