"""The command line: its words, its exit codes, and what stands on stderr."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from service.caller import verify
from service.cli import main

SOURCE = """
[sources.threatwinds]
connector = "threatwinds"
credentials = "caller"
"""


def write(folder: Path, text: str) -> str:
    """Write a settings file and give its path."""
    path = folder / "relgraph.toml"
    path.write_text(text, "utf-8")
    return str(path)


@pytest.mark.parametrize("command", ["serve", "check"])
def test_a_wrong_file_lists_its_mistakes_and_exits_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """Every mistake is a line on stderr, and nothing is on stdout."""
    config = write(tmp_path, 'log_level = "loud"\nbogus = 1\n[sources.x]\nconnector = "nobody"\n')
    assert main([command, "--config", config]) == 2
    told = capsys.readouterr()
    lines = told.err.splitlines()
    assert told.out == ""
    assert len(lines) == 3
    for line, place in zip(lines, ["log_level", "bogus", "sources.x.connector"], strict=True):
        assert line.startswith(f"relgraph: {place}: ")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "relgraph.example"])  # noqa: S104 - they are refused
def test_without_callers_only_loopback_is_listened_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], host: str
) -> None:
    """A service that lets anybody in is not put on a network: exit 2, before anything is opened."""
    assert main(["serve", "--config", write(tmp_path, SOURCE), "--host", host, "--port", "0"]) == 2
    assert f"--host {host}: without callers' API keys" in capsys.readouterr().err


def test_check_lists_the_sources(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A right file exits 0 and shows each source with an address to try."""
    assert main(["check", "--config", write(tmp_path, SOURCE)]) == 0
    out = capsys.readouterr().out
    assert "threatwinds: threatwinds at https://intelligence.threatwinds.com, caller credentials" in out
    assert "serves " in out
    assert "try /graph/" in out


def test_a_new_key_is_printed_with_settings_that_accept_it(capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed is TOML to paste; the key stands in a comment and fits the hash."""
    assert main(["key", "new", "dashboard"]) == 0
    out = capsys.readouterr().out
    key = next(line.removeprefix("# ") for line in out.splitlines() if line.startswith("# relgraph_"))
    assert verify(key, tomllib.loads(out)["callers"]["dashboard"]["key_hash"])


def test_a_caller_cannot_have_any_name(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that the settings would refuse is refused before a key is made."""
    assert main(["key", "new", "Two Words"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "lower-case letters" in told.err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["bogus"],
        ["key"],
        ["serve", "--port", "65536"],
        ["serve", "--port", "-1"],
        ["serve", "--port", "http"],
        ["serve", "--workers", "0"],
        ["demo", "--workers", "2"],
        ["crosswalk"],
        ["crosswalk", "load"],
        ["crosswalk", "clear", "all"],
    ],
)
def test_a_wrong_command_line_exits_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be understood is told on stderr with the usage."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: relgraph")


def test_nothing_heavy_is_imported_before_a_command_needs_it() -> None:
    """The help and a new key answer without the web framework, the store's client or networkx."""
    program = (
        "import sys; from service.cli import main; main(['key', 'new']); "
        "print(sorted({'fastapi', 'redis', 'networkx', 'httpx', 'pydantic'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    assert ran.stdout.splitlines()[-1] == "[]"
