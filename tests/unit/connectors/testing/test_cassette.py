"""Cassettes are written and read back, and a folder that is none says why."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.contract import Deleted, Filter, Want
from connectors.model import NodeId, parse_address
from connectors.testing.canary import canary
from connectors.testing.cassette import RECORDED_AT, load_cassettes, write_call, write_cassette
from connectors.testing.example import Library, LibrarySettings
from connectors.testing.replay import play, record
from connectors.wire import Aspect, Call, Reply

NODE = NodeId("library", None, "book", "Candide")
WANT = Want(
    Aspect.DESCRIPTION,
    Filter(Deleted.ONLY, datetime(2025, 1, 1, tzinfo=UTC), None, ("a",), ("b", "c"), "d"),
)
CALL = Call(
    "POST", "/a%20b", (NODE,), query=(("q", "1"), ("q", "2")), headers=(("x", "y"),), body="é".encode()
)


def write(folder: Path, reply: Reply) -> None:
    """Write a case of one call."""
    write_cassette(folder / "case", settings={"ttl": "1h"}, ask=(NODE,), want=WANT, exchanges=[(CALL, reply)])


@pytest.mark.parametrize(
    ("content_type", "name"),
    [
        ("application/json", "json"),
        ("text/html; charset=utf-8", "html"),
        ("text/plain", "txt"),
        ("image/png", "txt"),
    ],
)
def test_a_cassette_reads_back(content_type: str, name: str, tmp_path: Path) -> None:
    """Question, calls and replies come back as they were written; the status is in the file's name."""
    headers = {"content-type": content_type, "retry-after": "7"}
    write(tmp_path, Reply(202, RECORDED_AT, headers, b'{"a": 1}'))
    (cassette,) = load_cassettes(tmp_path)
    assert (tmp_path / "case" / f"01.202.{name}").read_bytes() == b'{"a": 1}'
    assert (cassette.name, cassette.settings, cassette.ask, cassette.want) == (
        "case",
        {"ttl": "1h"},
        (NODE,),
        WANT,
    )
    assert cassette.calls == (write_call(CALL),)
    assert (cassette.replies[0].status, cassette.replies[0].body) == (202, b'{"a": 1}')
    assert cassette.replies[0].headers["retry-after"] == "7"
    assert cassette.expected is None


def test_writing_again_leaves_nothing_behind(tmp_path: Path) -> None:
    """A case recorded anew holds no file of the old recording."""
    write(tmp_path, Reply(500, RECORDED_AT, {"retry-after": "7"}))
    write(tmp_path, Reply(200, RECORDED_AT))
    assert {file.name for file in (tmp_path / "case").iterdir()} == {"01.call.json", "01.200.txt"}


def test_a_folder_without_a_question_is_no_cassette(tmp_path: Path) -> None:
    """The case is named in the error; a file beside the cases is not looked at."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "README.md").write_text("no case")
    with pytest.raises(ValueError, match="cassette empty: FileNotFoundError"):
        load_cassettes(tmp_path)


def test_a_missing_reply_is_told(tmp_path: Path) -> None:
    """A call without its reply makes no cassette."""
    write(tmp_path, Reply(200, RECORDED_AT))
    (tmp_path / "case" / "01.200.txt").unlink()
    with pytest.raises(ValueError, match="1 calls and 0 replies"):
        load_cassettes(tmp_path)


def test_a_gap_in_the_numbers_is_told(tmp_path: Path) -> None:
    """Replies are numbered without a gap."""
    write(tmp_path, Reply(200, RECORDED_AT))
    (tmp_path / "case" / "03.200.txt").touch()
    with pytest.raises(ValueError, match="not numbered"):
        load_cassettes(tmp_path)


def test_a_recording_replays_to_its_findings(tmp_path: Path) -> None:
    """What `record` wrote is what a replay finds, and a call beyond its end gets no answer."""
    table = {"connector": "library", "base_url": "https://library.example", "token": canary("card")}
    library = Library(LibrarySettings.model_validate(table))
    body = json.dumps({"citations": [{"title": "Emile", "number": "n1"}], "next": "2"}).encode()
    replies = [Reply(200, RECORDED_AT, {}, body), Reply(503, RECORDED_AT)]
    record(
        tmp_path / "case", library, ask=(NODE,), want=Want(), upstream=lambda _, n: replies[n], settings={}
    )
    (cassette,) = load_cassettes(tmp_path)
    assert cassette.expected is not None
    (finding,) = cassette.expected["findings"]
    assert (finding["outcome"], finding["detail"]) == ("unavailable", "status 503")
    assert [edge["object"] for edge in finding["edges"]] == ["library:book:Emile"]
    (tmp_path / "case" / "02.503.txt").unlink()
    question = json.loads((tmp_path / "case" / "01.call.json").read_text())
    question["calls"].pop()
    (tmp_path / "case" / "01.call.json").write_text(json.dumps(question))
    (shorter,) = load_cassettes(tmp_path)
    done = play(library, shorter, max_calls=9)
    assert (done.exchanges[-1][1].status, done.ended) == (599, True)
    assert parse_address("library:book:Candide") == done.findings[0].listing.address
