"""A stream as HTTP: the lines of its events, its headers, and how it ends when nobody reads."""

import asyncio
import json
import selectors
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Any

import pytest

from connectors.model import NodeId, Selection
from service.api.presence import CallerLeftError
from service.api.streaming import EventStream, write_event
from service.graph.assemble import Records
from service.usecases.answer.answering import Answer, SeedTold, Spent
from service.usecases.answer.locate import Located
from service.usecases.answer.page import Page
from service.usecases.answer.report import Report
from service.usecases.answer.run import Seed
from service.usecases.answer.stream import Done, Event, Progress

NODE = NodeId("observable", None, "domain", "a.example")
EVENT = Event("node", {"id": str(NODE)})
A_SECOND_FOR_A_KILOBYTE = 1 / 1024
Message = dict[str, Any]


class _LeapingSelector(selectors.DefaultSelector):
    """Waits for nothing: what it would have waited is time that has passed."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is not None:
            self.passed += max(0.0, timeout)
        return ready


class LeapingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock leaps to whatever is due next."""

    def __init__(self) -> None:
        """Start at zero."""
        self._leaping = _LeapingSelector()
        super().__init__(self._leaping)

    def time(self) -> float:
        """Give the seconds leapt over."""
        return self._leaping.passed


class _Scripted:
    """Tells given batches of events, one batch after the other, `pause` seconds before each."""

    complete = False

    def __init__(self, *batches: Sequence[Event], pause: float = 0.0) -> None:
        self.batches = [list(batch) for batch in batches]
        self.pause = pause
        self.closed = 0
        self.waiting = False

    async def news(self) -> list[Event]:
        self.waiting = True
        await asyncio.sleep(self.pause)
        self.waiting = False
        return self.batches.pop(0) if self.batches else []

    async def close(self) -> None:
        self.closed += 1


class _Wire:
    """The server's side of one connection; each piece takes `seconds_a_byte` to leave."""

    def __init__(self, *, seconds_a_byte: float = 0.0, leaves_after: float | None = None) -> None:
        self.sent: list[Message] = []
        self._seconds_a_byte = seconds_a_byte
        self._leaves_after = leaves_after

    async def send(self, message: Message) -> None:
        await asyncio.sleep(len(message.get("body", b"")) * self._seconds_a_byte)
        self.sent.append(message)

    async def receive(self) -> Message:
        if self._leaves_after is None:
            await asyncio.Event().wait()
        await asyncio.sleep(self._leaves_after or 0)
        return {"type": "http.disconnect"}

    @property
    def pieces(self) -> list[bytes]:
        return [message["body"] for message in self.sent if message["type"] == "http.response.body"]

    @property
    def ended(self) -> bool:
        return self.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


def _leap(work: Callable[[], Coroutine[Any, Any, Any]]) -> float:
    """Run to the end and give the seconds it would have taken."""
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        runner.run(work())
        return runner.get_loop().time()


def _serve(told: Any, wire: _Wire) -> Callable[[], Coroutine[Any, Any, None]]:
    async def serve() -> None:
        response = EventStream(told, several=False)
        await response({"type": "http", "headers": []}, wire.receive, wire.send)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    return serve


def test_each_event_is_a_line() -> None:
    """What is told together leaves together, each event a JSON object and a line end; then comes the end."""
    wire, told = _Wire(), _Scripted([EVENT, EVENT], [EVENT])
    _leap(_serve(told, wire))
    assert wire.pieces[0].count(b"\n") == 2
    lines = b"".join(wire.pieces).splitlines()
    assert [json.loads(line) for line in lines] == [{"event": "node", "node": {"id": str(NODE)}}] * 3
    assert wire.ended
    assert told.closed == 1


def test_headers_say_what_to_expect() -> None:
    """Nobody keeps it, nobody gathers it, and its length is not known."""
    wire = _Wire()
    _leap(_serve(_Scripted([EVENT]), wire))
    head = wire.sent[0]
    assert (head["type"], head["status"]) == ("http.response.start", 200)
    assert {name.decode(): value.decode() for name, value in head["headers"]} == {
        "content-type": "application/x-ndjson",
        "graph-complete": "?0",
        "cache-control": "no-store",
        "vary": "Accept, Authorization, X-API-Key, Upstream-Credentials",
        "x-accel-buffering": "no",
    }


def test_where_the_answer_is_can_be_told_before_it_is_there() -> None:
    """What the caller of the stream gives as its location is a header of it."""
    headers = EventStream(
        _Scripted(), several=False, location={"Content-Location": "/graph/~bjp0OmE"}
    ).headers
    assert headers["Content-Location"] == "/graph/~bjp0OmE"


@pytest.mark.parametrize(("complete", "word"), [(True, "?1"), (False, "?0")])
def test_only_what_is_known_to_be_complete_is_said_to_be(*, complete: bool, word: str) -> None:
    """Before the end, a stream promises nothing."""
    told = _Scripted([EVENT])
    told.complete = complete
    assert EventStream(told, several=False).headers["Graph-Complete"] == word


def test_large_news_leaves_in_pieces() -> None:
    """No piece is much larger than what a buffer takes."""
    large = Event("node", {"id": str(NODE), "label": "x" * 3000})
    wire = _Wire()
    _leap(_serve(_Scripted([large] * 100), wire))
    assert max(map(len, wire.pieces)) < 20_000
    assert sum(piece.count(b"\n") for piece in wire.pieces) == 100


def test_a_reader_of_a_kilobyte_a_second_reads_to_the_end() -> None:
    """However long that takes, and whatever waits."""
    large = Event("node", {"id": str(NODE), "label": "x" * 3000})
    wire = _Wire(seconds_a_byte=A_SECOND_FOR_A_KILOBYTE)
    seconds = _leap(_serve(_Scripted([large] * 100), wire))
    assert wire.ended
    assert seconds > 290


def test_a_reader_that_reads_nothing_is_left() -> None:
    """After some minutes without a byte taken the stream is closed, and its run with it."""
    wire, told = _Wire(seconds_a_byte=3600), _Scripted([EVENT], [EVENT])
    with pytest.raises(CallerLeftError):
        _leap(_serve(told, wire))
    assert told.closed == 1
    assert not wire.ended


def test_a_line_is_one_line_for_every_reader() -> None:
    """What some readers take for the end of a line is escaped; the text is the same."""
    label = "one\u2028two\u2029three\x85four\nfive\rsix"
    wire = _Wire()
    _leap(_serve(_Scripted([Event("node", {"id": str(NODE), "label": label})]), wire))
    (line,) = b"".join(wire.pieces).decode().splitlines()
    assert json.loads(line)["node"]["label"] == label


def test_a_caller_who_leaves_ends_the_run() -> None:
    """Also while there is nothing to tell: nothing more is sent, and the stream is closed."""
    wire, told = _Wire(leaves_after=3), _Scripted([EVENT], [EVENT], pause=2)
    assert _leap(_serve(told, wire)) == pytest.approx(3)
    assert told.closed == 1
    assert told.waiting
    assert len(wire.pieces) == 1


def test_a_caller_who_leaves_in_the_midst_of_a_piece_ends_the_run() -> None:
    """What was being sent is given up."""
    wire, told = _Wire(seconds_a_byte=1, leaves_after=3), _Scripted([EVENT])
    assert _leap(_serve(told, wire)) == pytest.approx(3)
    assert told.closed == 1


def test_trouble_in_the_run_closes_the_stream() -> None:
    """An error after the headers breaks the stream off without an end; the run is closed all the same."""

    class Broken(_Scripted):
        async def news(self) -> list[Event]:
            if not self.batches:
                raise RuntimeError("a defect")
            return await super().news()

    wire, told = _Wire(), Broken([EVENT])
    with pytest.raises(RuntimeError, match="a defect"):
        _leap(_serve(told, wire))
    assert told.closed == 1
    assert not wire.ended


def _seed(address: Any, requested: str) -> Seed:
    return Seed(requested, Located(address, address, ()), address)


def test_the_beginning_tells_the_seed() -> None:
    """Of one node asked for, what was sent and what it is called; of several, a list of those."""
    seed = _seed(NODE, "threatwinds:domain:A.example")
    one = {"seed": str(NODE), "requested": "threatwinds:domain:A.example"}
    assert write_event(Event("meta", (seed,)), several=False) == {
        "event": "meta",
        "graph": one | {"selection": False},
    }
    assert write_event(Event("meta", (seed,)), several=True) == {"event": "meta", "graph": {"seeds": [one]}}
    selection = _seed(Selection("autodesk", "t", None), "autodesk@t")
    assert write_event(Event("meta", (selection,)), several=False)["graph"]["selection"] is True


def test_small_events_are_written_in_full() -> None:
    """An alias names both addresses, a source is as in the answer, progress is counted."""
    alias = write_event(Event("alias", _seed(NODE, "x:domain:a")), several=False)
    assert alias == {"event": "alias", "alias": {"from": "x:domain:a", "to": str(NODE)}}
    progress = write_event(Event("progress", Progress(3, 2, 1, 0.25)), several=False)
    assert progress["progress"] == {"nodes": 3, "edges": 2, "calls": 1, "milliseconds": 250.0}
    report = Report("feed", "threatwinds", calls=2)
    source = write_event(Event("source", report), several=False)["source"]
    assert (source["name"], source["calls"]) == ("feed", 2)


def test_the_end_tells_all_but_the_records() -> None:
    """`done` holds the answer's `graph`, and what is no part of it after all."""
    answer = Answer(
        page=Page(Records([], []), amended=None),
        seeds=(SeedTold(NODE, str(NODE), known=True),),
        complete=True,
        truncated=(),
        reports=(),
        spent=Spent(1, 2, 1, 1, timedelta(seconds=1)),
        store_down=False,
        next_cursor=None,
        extra={"measures": {}},
        heard_at=0.0,
    )
    done = write_event(Event("done", Done(answer, ("n:t:a",), ("e1",))), several=False)
    assert done.keys() == {"event", "graph", "withdrawn"}
    assert done["withdrawn"] == {"nodes": ("n:t:a",), "edges": ("e1",)}
    assert done["graph"]["complete"] is True
    assert done["graph"]["spent"]["nodes"] == 2
    assert done["graph"]["measures"] == {}
