"""The watch notices every act besides computing, whatever name it goes by, and nothing else."""

import gc
import json
import logging
import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic as seconds
from typing import Any

import pytest

from connectors.model import parse_address
from connectors.testing.purity import Watch, snapshot

ACTS: dict[str, tuple[str, Callable[[], Any]]] = {
    "time": ("the clock", time.time),
    "time by another name": ("the clock", seconds),
    "now": ("the clock", lambda: datetime.now(UTC)),  # noqa: TID251 - what the watch is to notice
    "today": ("the clock", date.today),
    "environ": ("the environment", lambda: os.environ.get("HOME")),
    "getenv": ("the environment", lambda: os.getenv("HOME")),
    "log": ("the log", lambda: logging.getLogger("kit").debug("hello")),
    "random": ("chance", random.random),
    "secrets": ("chance", lambda: secrets.token_hex(4)),
    "uuid": ("the operating system", uuid.uuid4),
    "open": ("a file", lambda: Path(__file__).open().close()),
    "listing": ("the operating system", lambda: os.listdir("/")),  # noqa: PTH208 - what the watch is to notice
    "socket": ("the network", lambda: socket.socket().close()),
    "process": ("another process", lambda: subprocess.run([sys.executable, "-c", ""], check=True)),
    "print": ("the terminal", lambda: print(end="")),  # noqa: T201 - what the watch is to notice
}


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.enable_socket
def test_an_act_is_noticed(name: str) -> None:
    """The clock, the environment, files, sockets, processes, chance, log and terminal are seen."""
    what, act = ACTS[name]
    with Watch() as watch:
        act()
    assert any(noted.startswith(f"{what} (") for noted in watch.acts), watch.acts


def test_computing_is_no_act() -> None:
    """Parsing JSON, addresses and times leaves nothing to note."""
    with Watch() as watch:
        json.loads('{"a": [1, 2.5, "x"]}')
        parse_address("a:b:c")
        datetime.fromisoformat("2026-01-02T03:04:05Z").astimezone(UTC)
    assert watch.acts == []


def test_another_thread_is_not_watched() -> None:
    """What runs beside the block is no act of the block's."""
    start, done = threading.Event(), threading.Event()

    def act() -> None:
        start.wait(5)
        Path(__file__).open().close()
        done.set()

    beside = threading.Thread(target=act)
    beside.start()
    with Watch() as watch:
        start.set()
        done.wait(5)
    beside.join()
    assert done.is_set()
    assert not any("file" in act for act in watch.acts)


@pytest.mark.parametrize("collecting", [True, False])
def test_the_collector_rests_meanwhile(collecting: bool) -> None:  # noqa: FBT001 - a table's column
    """No garbage is collected in the block, whose callbacks others made, and then as before."""
    before = gc.isenabled()
    try:
        (gc.enable if collecting else gc.disable)()
        with Watch():
            assert not gc.isenabled()
        assert gc.isenabled() is collecting
    finally:
        (gc.enable if before else gc.disable)()


def test_outside_the_block_nothing_is_noted() -> None:
    """Before and after, the watch sees nothing, and an earlier profiler is put back."""
    before = sys.getprofile()
    watch = Watch()
    with watch:
        pass
    time.time()
    Path(__file__).open().close()
    assert watch.acts == []
    assert sys.getprofile() is before


@dataclass
class Box:
    """Something with state of every shape."""

    items: list[Any] = field(default_factory=list)
    named: dict[str, Any] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)


class Slotted:
    """Something without a dict."""

    __slots__ = ("empty", "value")

    def __init__(self) -> None:
        self.value = 1


def test_equal_states_are_equal_snapshots() -> None:
    """Two looks at an object that did not change see the same, loops included."""
    box = Box([1, (2, b"3")], {"a": Slotted()}, {"x"})
    box.items.append(box)
    assert snapshot(box) == snapshot(box)


@pytest.mark.parametrize(
    "change",
    [
        lambda box: box.items.append(1),
        lambda box: box.named["slotted"].__setattr__("value", 2),
        lambda box: box.kinds.add("y"),
        lambda box: box.named.update(extra=None),
        lambda box: setattr(box, "other", 1),
    ],
)
def test_any_change_shows(change: Callable[[Box], None]) -> None:
    """A new item, a changed slot, a new attribute: each makes another snapshot."""
    box = Box([0], {"slotted": Slotted()}, {"x"})
    before = snapshot(box)
    change(box)
    assert snapshot(box) != before


def test_what_has_no_state_is_itself() -> None:
    """Of two plain objects each is equal only to itself."""
    one, other = object(), object()
    assert snapshot(one) == snapshot(one) != snapshot(other)
