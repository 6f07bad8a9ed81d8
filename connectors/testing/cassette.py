"""Reads recorded conversations with an upstream from their folders, and writes them.

The layout and every field are described in `tests/contract/cassettes/README.md`.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.contract import Deleted, Filter, Want
from connectors.model import Address, parse_address
from connectors.testing.findings import write_time
from connectors.wire import Aspect, Call, Reply

RECORDED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_REPLY = re.compile(r"(?P<number>\d{2,})\.(?P<status>[1-5]\d\d)\.(?P<kind>json|html|txt)")
_CONTENT_TYPES = {"json": "application/json", "html": "text/html; charset=utf-8", "txt": "text/plain"}


@dataclass(frozen=True, slots=True)
class Cassette:
    """One question to one configured source, and every call and reply of its walk, in order.

    `settings` are laid over the connector's own table; `calls` are as in the file, without what
    only the connector knows (`write_call` gives the same of a Call). `expected` is None as long as
    no findings were recorded.
    """

    name: str
    settings: Mapping[str, Any]
    ask: tuple[Address, ...]
    want: Want
    calls: tuple[Mapping[str, Any], ...]
    replies: tuple[Reply, ...]
    expected: Mapping[str, Any] | None


def load_cassettes(folder: Path) -> tuple[Cassette, ...]:
    """Load every case below `folder`, by name; ValueError says which one is no cassette, and why."""
    return tuple(_load(case) for case in sorted(folder.iterdir()) if case.is_dir())


def write_call(call: Call) -> dict[str, Any]:
    """Give what a cassette keeps of a call."""
    return {
        "method": call.method,
        "path": call.path,
        "query": [list(pair) for pair in call.query],
        "headers": [list(pair) for pair in call.headers],
        "body": None if call.body is None else call.body.decode("utf-8"),
    }


def write_cassette(
    folder: Path,
    *,
    settings: Mapping[str, Any],
    ask: Sequence[Address],
    want: Want,
    exchanges: Sequence[tuple[Call, Reply]],
) -> None:
    """Write a case, all but `expected.json`; whatever the folder held before goes."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    question = {
        "settings": dict(settings),
        "ask": [str(address) for address in ask],
        "want": {"aspect": want.aspect.value, "filter": _write_filter(want.filter)},
        "calls": [write_call(call) for call, _ in exchanges],
    }
    write_json(folder / "01.call.json", question)
    for number, (_, reply) in enumerate(exchanges, 1):
        headers = dict(reply.headers)
        content_type = headers.pop("content-type", "text/plain").partition(";")[0]
        kind = next((k for k, value in _CONTENT_TYPES.items() if value.startswith(content_type)), "txt")
        (folder / f"{number:02}.{reply.status}.{kind}").write_bytes(reply.body)
        if headers:
            write_json(folder / f"{number:02}.headers.json", headers)


def write_json(file: Path, document: Mapping[str, Any]) -> None:
    """Write a document the way cassettes are kept: indented, Unicode as it is, a line end at the end."""
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _load(folder: Path) -> Cassette:
    try:
        question = json.loads((folder / "01.call.json").read_text(encoding="utf-8"))
        expected = folder / "expected.json"
        cassette = Cassette(
            name=folder.name,
            settings=question["settings"],
            ask=tuple(parse_address(text) for text in question["ask"]),
            want=Want(Aspect(question["want"]["aspect"]), _read_filter(question["want"]["filter"])),
            calls=tuple(question["calls"]),
            replies=_load_replies(folder),
            expected=json.loads(expected.read_text(encoding="utf-8")) if expected.exists() else None,
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"cassette {folder.name}: {type(error).__name__}: {error}") from error
    if len(cassette.calls) != len(cassette.replies):
        raise ValueError(
            f"cassette {folder.name}: {len(cassette.calls)} calls and {len(cassette.replies)} replies"
        )
    return cassette


def _load_replies(folder: Path) -> tuple[Reply, ...]:
    named = [(match, file) for file in folder.iterdir() if (match := _REPLY.fullmatch(file.name))]
    named.sort(key=lambda pair: int(pair[0]["number"]))
    if [int(match["number"]) for match, _ in named] != list(range(1, len(named) + 1)):
        raise ValueError("the replies are not numbered 01, 02, and so on")
    return tuple(
        Reply(
            status=int(match["status"]),
            received_at=RECORDED_AT,
            headers={"content-type": _CONTENT_TYPES[match["kind"]], **_load_headers(file)},
            body=file.read_bytes(),
        )
        for match, file in named
    )


def _load_headers(reply: Path) -> dict[str, str]:
    file = reply.with_name(f"{reply.name.partition('.')[0]}.headers.json")
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


_READ: Mapping[str, Callable[[Any], Any]] = {
    "deleted": Deleted,
    "created_after": datetime.fromisoformat,
    "created_before": datetime.fromisoformat,
    "with_namespace": tuple,
    "with_type": tuple,
    "with_key": str,
}


def _read_filter(document: Mapping[str, Any]) -> Filter:
    return Filter(**{name: _READ[name](value) for name, value in document.items()})


def _write_filter(filter: Filter) -> dict[str, Any]:
    values = {field.name: getattr(filter, field.name) for field in fields(filter)}
    told = {name: value for name, value in values.items() if value != getattr(Filter(), name)}
    return {
        name: write_time(value)
        if isinstance(value, datetime)
        else list(value)
        if isinstance(value, tuple)
        else value
        for name, value in told.items()
    }
