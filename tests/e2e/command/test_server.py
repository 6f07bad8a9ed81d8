"""The server and its supervisor with a small application: processes, signals, and what HTTP allows."""

import contextlib
import json
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest

PROGRAM = str(Path(__file__).with_name("serving.py"))
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux's kernel watches a parent")


@pytest.fixture(scope="module")
def listening(start_for_all: Callable) -> str:
    """Serve for all tests that leave the server as it is, and give its URL."""
    url: str = start_for_all(PROGRAM).url()
    return url


def ask(url: str) -> dict[str, Any]:
    """Give the JSON of one reply; the connection is closed even when there is none."""
    host, _, path = url.removeprefix("http://").partition("/")
    with contextlib.closing(HTTPConnection(host, timeout=20)) as connection:
        connection.request("GET", f"/{path}")
        answer: dict[str, Any] = json.load(connection.getresponse())
        return answer


def ask_aside(program: Any, path: str) -> tuple[threading.Thread, list[dict[str, Any]]]:
    """Ask in a thread for what takes its time, and return when that has begun.

    The list holds the answer once the thread has ended.
    """
    answers: list[dict[str, Any]] = []
    url = program.url()
    thread = threading.Thread(target=lambda: answers.append(ask(f"{url}{path}")))
    thread.start()
    program.wait_for("sleeping")
    return thread, answers


def test_a_connection_may_lie_idle_for_longer_than_a_client_keeps_it(listening: str) -> None:
    """Five seconds is where many clients end; who is asked again then finds the connection open."""
    with contextlib.closing(HTTPConnection(listening.removeprefix("http://"), timeout=20)) as connection:
        for pause in (0, 6):
            time.sleep(pause)
            connection.request("GET", "/pid")
            first_socket = connection.sock
            connection.getresponse().read()
            assert connection.sock is first_socket


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_finishes_what_is_in_flight(start: Callable, left_behind: Callable, workers: str) -> None:
    """A request that is being answered is answered; then every process is gone, exit code 0."""
    program = start(PROGRAM, "--workers", workers)
    program.url()
    family = program.family()
    thread, answers = ask_aside(program, "/sleep/1")
    code, _ = program.end(signal.SIGTERM)
    thread.join()
    assert answers
    assert answers[0]["pid"] in family
    assert code == 0
    assert not left_behind(family)


def test_sigterm_waits_for_no_straggler(start: Callable, left_behind: Callable) -> None:
    """A request that would take a minute is told to come back, and keeps nobody beyond ten seconds.

    One worker and two of them end beside each other: each takes its eight seconds in full.
    """
    programs = [start(PROGRAM, "--workers", workers) for workers in ("1", "2")]
    families = [program.family() for program in programs if program.url()]
    asked = [ask_aside(program, "/sleep/60") for program in programs]
    with ThreadPoolExecutor() as pool:
        ended = list(pool.map(lambda program: program.end(signal.SIGTERM), programs))
    for (thread, answers), (_, seconds), family in zip(asked, ended, families, strict=True):
        thread.join()
        assert (answers[0]["status"], answers[0]["type"]) == (503, "/problems/not-ready")
        assert 7 < seconds < 10
        assert not left_behind(family)


def test_ctrl_c_ends_all_workers(start: Callable, left_behind: Callable) -> None:
    """SIGINT to the supervisor ends it in order."""
    program = start(PROGRAM, "--workers", "2")
    program.url()
    family = program.family()
    code, _ = program.end(signal.SIGINT)
    assert code == 0
    assert len(family) >= 3
    assert not left_behind(family)


@linux
def test_sigkill_of_the_supervisor_leaves_no_worker(start: Callable, left_behind: Callable) -> None:
    """Workers end with their parent, even when it can tell them nothing."""
    program = start(PROGRAM, "--workers", "2")
    program.url()
    family = program.family()
    program.end(signal.SIGKILL)
    assert len(family) >= 3
    assert not left_behind(family)


def test_a_worker_that_dies_is_replaced(start: Callable) -> None:
    """After a crash both workers serve again, one of them new; the other answered all the time."""
    program = start(PROGRAM, "--workers", "2")
    url = program.url()
    before = {ask(f"{url}/")["pid"] for _ in range(30)}
    with pytest.raises((OSError, HTTPException)):
        ask(f"{url}/die")
    end = time.monotonic() + 20
    seen: set[int] = set()
    while not seen - before and time.monotonic() < end:
        seen.add(ask(f"{url}/")["pid"])
    assert seen - before


def test_workers_import_nothing_anew(start: Callable) -> None:
    """A worker, be it the first or one that replaces another, has what the supervisor has imported."""
    program = start(PROGRAM, "--workers", "2")
    url = program.url()
    before = {ask(f"{url}/")["pid"] for _ in range(30)}
    with pytest.raises((OSError, HTTPException)):
        ask(f"{url}/die")
    end = time.monotonic() + 20
    while (new := ask(f"{url}/"))["pid"] in before:
        assert time.monotonic() < end
    assert new["pid"] != new["imported_by"] == program.process.pid
    assert {ask(f"{url}/")["imported_by"] for _ in range(10)} == {program.process.pid}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_application_that_cannot_start_ends_the_start(start: Callable, workers: str) -> None:
    """Exit code 1, the reason in the log, and no endless series of attempts."""
    program = start(PROGRAM, "--never-starts", "--workers", workers)
    _, log = program.process.communicate(timeout=30)
    assert program.process.returncode == 1
    assert "this application never starts" in log


def test_the_settings_are_on_no_command_line_and_in_no_environment(start: Callable, tmp_path: Path) -> None:
    """What workers are told stays in memory; the program's key, which it has read, is in neither place."""
    key = tmp_path / "key"
    key.write_text("canary-secret-key-of-at-least-32-characters")
    program = start(PROGRAM, "--workers", "2", "--secret-file", str(key))
    url = program.url()
    worker = Path("/proc") / str(ask(f"{url}/")["pid"])
    assert b"canary" not in (worker / "cmdline").read_bytes()
    assert b"canary" not in (worker / "environ").read_bytes()
    assert ask(f"{url}/")["secret_length"] == 43


def test_a_long_url_reaches_the_application(listening: str, exchange: Callable) -> None:
    """Up to 64 KiB the application decides; beyond, the server answers 414 as a problem itself."""
    path = b"/" + b"a" * 20_000
    reply = exchange(listening, b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 200 ")
    assert b'"raw_path_bytes": 20001' in reply
    reply = exchange(listening, b"GET " + path * 4 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 414 ")
    assert b"/problems/uri-too-long" in reply


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        ("GET /graph/münchen HTTP/1.1\r\nHost: x\r\n\r\n".encode(), 400),
        (b"GET /graph/\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /graph/\x00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /graph/a b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Large: " + b"a" * 70_000 + b"\r\n\r\n", 431),
    ],
)
def test_what_is_no_request_is_answered_as_a_problem(
    listening: str, exchange: Callable, request_bytes: bytes, status: int
) -> None:
    """What the parser refuses never reaches the application, and still is told as everything else is."""
    head, _, body = exchange(listening, request_bytes).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"content-type: application/problem+json" in head
    problem = json.loads(body)
    assert problem["status"] == status
    assert f"request-id: {problem['request_id']}".encode() in head
