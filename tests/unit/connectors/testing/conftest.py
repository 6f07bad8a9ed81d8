"""A made-up library as the upstream of the example connector, and candidates recorded from it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Want
from connectors.model import NodeId
from connectors.testing.canary import canary
from connectors.testing.candidate import Candidate
from connectors.testing.cassette import RECORDED_AT
from connectors.testing.example import PLUGIN, Library, LibrarySettings
from connectors.testing.replay import record
from connectors.wire import Call, Reply

CITING = NodeId("library", None, "book", "Das Kapital")
UNREAD = NodeId("library", None, "book", "unread")


def answer(call: Call, _number: int) -> Reply:
    """Answer for the library: two pages for one book, an empty one for the other."""
    if call.nodes == (UNREAD,):
        document: dict[str, Any] = {"citations": [], "next": None}
    elif len(call.query) > 1:
        document = {"citations": [{"title": "Emile", "number": "n3", "shelf": None}], "next": None}
    else:
        rows = [{"title": "Faust", "number": "n1", "shelf": "G 4"}, {"title": "Candide", "number": "n2"}]
        document = {"citations": rows, "next": "2"}
    return Reply(200, RECORDED_AT, {"content-type": "application/json"}, json.dumps(document).encode())


@pytest.fixture
def enrol(tmp_path: Path) -> Callable[..., Candidate]:
    """Make a candidate of a connector, with cassettes that it, or another one, recorded."""
    table = {"connector": "library", "base_url": "https://library.example", "token": canary("library card")}

    def enrol_one(connector: type[Library], *, recorder: type[Library], **changed: Any) -> Candidate:
        recording = recorder(LibrarySettings.model_validate(table))
        for name, book in (("cited", CITING), ("empty", UNREAD)):
            record(tmp_path / name, recording, ask=(book,), want=Want(), upstream=answer, settings={})
        candidate = Candidate(
            plugin=replace(PLUGIN, build=connector),
            tables=(table,),
            examples=(str(CITING),),
            folder=tmp_path,
            max_calls=20,
            required=("citations", "citations[*].title", "citations[*].number"),
            pasted=("https://library.example/books/candide",),
        )
        return replace(candidate, **changed)

    return enrol_one
