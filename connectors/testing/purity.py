"""Notices when code that ought to be pure reads the clock or the environment, or does any I/O.

Two nets. The interpreter's profile events name every function called, Python's or C's, under
whatever name it was imported. Its audit events name what C code opens or connects by itself.
"""

import gc
import random
import sys
from collections.abc import Hashable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from threading import get_ident
from types import FrameType, TracebackType
from typing import Any, Self

_MODULES = {
    "time": "the clock",
    "posix": "the operating system",
    "nt": "the operating system",
    "_socket": "the network",
    "_ssl": "the network",
    "_posixsubprocess": "another process",
    "_random": "chance",
    "_io": "a file",
}
_AUDITED = {"open": "a file", "socket": "the network", "subprocess": "another process", "os": "the system"}
_PYTHON = {"logging": "the log", "os": "the environment", "random": "chance", "socket": "the network"}
_PRINTING = frozenset({"print", "input"})
_NOW = frozenset({"now", "utcnow", "today"})

_watching: list["Watch"] = []


class Watch:
    """Record what the block does besides computing, in `acts`; it is not kept from doing so.

    What only happens the first time, such as a late import, is no fault of the code: run it once
    before.
    """

    def __init__(self) -> None:
        self.acts: list[str] = []
        self._before: Any = None
        self._thread = get_ident()
        self._collecting = False

    def __enter__(self) -> Self:
        _listen()
        # A collection in the block would run other people's finalisers and callbacks.
        self._collecting = gc.isenabled()
        gc.disable()
        self._before = sys.getprofile()
        _watching.append(self)
        sys.setprofile(self._profile)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.setprofile(self._before)
        _watching.remove(self)
        if self._collecting:
            gc.enable()

    def note(self, what: str, name: str) -> None:
        """Take down one act of the watched thread, once."""
        act = f"{what} ({name})"
        if act not in self.acts and get_ident() == self._thread:
            self.acts.append(act)

    def _profile(self, frame: FrameType, event: str, arg: Any) -> None:
        if event == "call":
            module, name = frame.f_globals.get("__name__"), frame.f_code.co_qualname
            if module in _PYTHON and (module != "os" or "environ" in name.lower()):
                self.note(_PYTHON[module], name)
        elif event == "c_call" and (what := _outside(arg)) is not None:
            self.note(what, arg.__qualname__)


def snapshot(value: Any) -> Hashable:
    """Write down an object's whole state, so that two snapshots are equal when nothing changed."""
    return _snapshot(value, seen=())


def _outside(function: Any) -> str | None:
    owner = getattr(function, "__self__", None)
    if isinstance(owner, type) and issubclass(owner, date) and function.__name__ in _NOW:
        return "the clock"
    if isinstance(owner, random.Random):
        return "chance"
    module = getattr(function, "__module__", None)
    if module == "builtins" and function.__name__ in _PRINTING:
        return "the terminal"
    return None if function.__name__ == "fspath" else _MODULES.get(module or "")


def _listen() -> None:
    # An audit hook stays for the life of the process: one for all, silent while nobody watches.
    global _listening  # noqa: PLW0603 - once per process is exactly what is meant
    if not _listening:
        _listening = True
        sys.addaudithook(_audit)


_listening = False


def _audit(event: str, _arguments: tuple[Any, ...]) -> None:
    if _watching and (what := _AUDITED.get(event.partition(".")[0])) is not None:
        for watch in _watching:
            watch.note(what, event)


def _snapshot(value: Any, *, seen: tuple[int, ...]) -> Hashable:
    if value is None or isinstance(value, str | bytes | int | float | Enum | type) or id(value) in seen:
        return (type(value).__name__, repr(value)) if id(value) not in seen else "again"
    seen = (*seen, id(value))
    if isinstance(value, Mapping):
        pairs = ((_snapshot(k, seen=seen), _snapshot(v, seen=seen)) for k, v in value.items())
        return (type(value).__name__, tuple(pairs))
    if isinstance(value, AbstractSet):
        return (type(value).__name__, frozenset(_snapshot(item, seen=seen) for item in value))
    if isinstance(value, list | tuple):
        return (type(value).__name__, tuple(_snapshot(item, seen=seen) for item in value))
    state = dict(getattr(value, "__dict__", {}))
    slots = (name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ()))
    state.update((name, getattr(value, name)) for name in slots if hasattr(value, name))
    if is_dataclass(value):
        state.update((field.name, getattr(value, field.name)) for field in fields(value))
    return (type(value).__name__, _snapshot(state, seen=seen)) if state else (type(value).__name__, id(value))
