"""`relgraph serve` and `relgraph demo` as real processes, with the real store and the sandbox."""

import json
import shlex
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from service.caller import make_key

CLI = ("-m", "service.cli")
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux's kernel watches a parent")
SOURCE = """
[sources.threatwinds]
connector = "threatwinds"
base_url = "http://127.0.0.1:9"
api_key = "canary-key"
api_secret = "canary-secret"
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Write settings with the embedded store and a source that nobody answers for."""
    path = tmp_path_factory.mktemp("command") / "relgraph.toml"
    path.write_text(SOURCE, "utf-8")
    return str(path)


@pytest.fixture(scope="module")
def crew(start_for_all: Callable, config: str) -> set[int]:
    """Serve with two workers, and give the ids of all processes that belong to it."""
    program = start_for_all(*CLI, "serve", "--config", config, "--port", "0", "--workers", "2")
    program.url()
    family: set[int] = program.family()
    assert len(family) >= 4
    return family


def fetch(url: str) -> bytes:
    """Give the body of one reply."""
    with urllib.request.urlopen(url, timeout=20) as reply:  # noqa: S310 - loopback, http
        body: bytes = reply.read()
        return body


def test_workers_share_one_embedded_store(crew: set[int]) -> None:
    """However many workers serve, one store was started."""
    commands = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in crew]
    assert sum(b"unixsocket" in command or b"-server" in command for command in commands) == 1


def test_no_secret_is_where_other_users_may_look(crew: set[int]) -> None:
    """The credentials of the sources are on no command line and in no environment of any process."""
    for pid in crew:
        assert b"canary" not in Path(f"/proc/{pid}/cmdline").read_bytes()
        assert b"canary" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_a_taken_port_is_one_clear_line(start: Callable, config: str) -> None:
    """Exit code 1 and the address; no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        program = start(*CLI, "serve", "--config", config, "--port", str(port))
        out, err = program.process.communicate(timeout=30)
    assert program.process.returncode == 1
    assert out == ""
    assert err == f"relgraph: cannot listen on 127.0.0.1:{port}: Address already in use\n"


def test_the_environment_alone_can_configure_it(start: Callable) -> None:
    """Without a file, with a caller and therefore on every address of this machine."""
    key, key_hash = make_key()
    program = start(
        *CLI,
        "serve",
        "--host",
        "0.0.0.0",  # noqa: S104 - what is tested is that a caller's key permits it
        "--port",
        "0",
        environ={
            "RELGRAPH_CALLERS__DASHBOARD__KEY_HASH": key_hash,
            "RELGRAPH_SOURCES__THREATWINDS__CONNECTOR": "threatwinds",
            "RELGRAPH_SOURCES__THREATWINDS__CREDENTIALS": "caller",
        },
    )
    url = program.url().replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - the same
    with pytest.raises(urllib.error.HTTPError, match="401"):
        fetch(f"{url}/sources")
    asked = urllib.request.Request(f"{url}/sources", headers={"Authorization": f"Bearer {key}"})  # noqa: S310 - loopback
    with urllib.request.urlopen(asked, timeout=20) as reply:  # noqa: S310 - loopback
        assert reply.status == 200


def test_the_demo_shows_requests_that_work(start: Callable, left_behind: Callable) -> None:
    """Each Python line printed gives a complete answer, curl names the same URL, and Ctrl-C ends all."""
    program = start(*CLI, "demo")
    url = program.url()
    program.wait_for("Ctrl-C")
    assert f"{url}/docs" in program.said
    assert fetch(f"{url}/docs")
    lines = program.said.splitlines()
    curls = [shlex.split(line)[-1] for line in lines if line.startswith("curl ")]
    pythons = [shlex.split(line) for line in lines if line.startswith("python3 ")]
    assert len(curls) == len(pythons) == 3
    for address, words in zip(curls, pythons, strict=True):
        assert address in words[-1]
        ran = subprocess.run([sys.executable, *words[1:]], capture_output=True, text=True, check=True)  # noqa: S603 - printed by us
        answer = json.loads(ran.stdout)
        assert answer["graph"]["complete"] is True
        assert answer["edges"]
    assert answer["graph"]["spent"]["hops"] == 2
    family = program.family()
    code, _ = program.end(signal.SIGINT)
    assert code == 0
    assert len(family) >= 4
    assert not left_behind(family)


@linux
def test_a_killed_demo_leaves_nothing_behind(start: Callable, left_behind: Callable) -> None:
    """The store and both upstreams end with the demo, even when it cannot tell them."""
    program = start(*CLI, "demo")
    program.url()
    family = program.family()
    program.end(signal.SIGKILL)
    assert len(family) >= 4
    assert not left_behind(family)
