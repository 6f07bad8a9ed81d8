"""C10 and C11: nothing found is an answer, and no kind of trouble looks like one."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from itertools import islice

from connectors.contract import Connector, Want
from connectors.disposition import Disposition
from connectors.errors import SourceError
from connectors.model import Address, Outcome
from connectors.testing.candidate import USUAL_OUTCOMES, Candidate, canonical
from connectors.testing.cassette import RECORDED_AT
from connectors.testing.hostile import HTML
from connectors.testing.mutation import dump, emptied, load
from connectors.testing.replay import replay
from connectors.walk import Finding
from connectors.wire import Reply

_WAIT = timedelta(seconds=7)
_RETRY_AFTER = {
    "seconds": "7",
    "a date": format_datetime(RECORDED_AT + _WAIT, usegmt=True),
}
# Whatever else these mean at some upstream, they are no answer.
_NO_ANSWER = (301, 400, 403, 409, 502, 503)
_OWN_WORDS = "the upstream's own words"
_BODY = dump(dict.fromkeys(("error", "message", "detail", "title", "developerMessage", "uuid"), _OWN_WORDS))
_LONGEST_DETAIL = 300


def nothing_is_an_answer(candidate: Candidate) -> Iterator[str]:
    """C10: a page whose lists are empty is read as no edges, without an error."""
    for exchange in candidate.exchanges():
        document = load(exchange.reply.body)
        if exchange.page is None or document is None:
            continue
        try:
            reply = replace(exchange.reply, body=dump(emptied(document)))
            page = exchange.connector.read(exchange.call, reply)
        except SourceError as error:
            yield f"{exchange}: with empty lists it is refused: {error}"
            continue
        if page.edges:
            yield f"{exchange}: with empty lists it still gives {len(page.edges)} edges"


def trouble_has_its_word(candidate: Candidate) -> Iterator[str]:
    """C11: each failing status, and HTML under a good one, has its outcome and tells no body."""
    expected = {**USUAL_OUTCOMES, **candidate.outcomes}
    for name, connector in candidate.connectors():
        for address in islice(canonical(connector, candidate.examples), 2):
            for status, outcome in expected.items():
                finding = _ask(connector, address, reply=_reply(status))
                if finding.outcome is not outcome:
                    yield f"{name}, {address}: status {status} is {finding.outcome}, not {outcome}"
                yield from (f"{name}, status {status}: {fault}" for fault in _detail(finding))
            for status in _NO_ANSWER:
                finding = _ask(connector, address, reply=_reply(status))
                if finding.outcome.answered and status not in expected:
                    yield f"{name}, {address}: status {status} is {finding.outcome}, as if it were an answer"
            yield from (f"{name}, {address}: {fault}" for fault in _waits(connector, address, expected))
            yield from (f"{name}, {address}: {fault}" for fault in _html(connector, address))


def _waits(connector: Connector, address: Address, expected: dict[int, Outcome]) -> Iterator[str]:
    for form, text in _RETRY_AFTER.items():
        finding = _ask(connector, address, reply=_reply(429, retry_after=text))
        if expected[429] is Outcome.THROTTLED and finding.retry_after != _WAIT:
            yield f"429 with Retry-After in {form}: waits {finding.retry_after}, not {_WAIT}"


def _html(connector: Connector, address: Address) -> Iterator[str]:
    page = Reply(200, RECORDED_AT, {"content-type": "text/html; charset=utf-8"}, HTML.encode())
    call = next(iter(connector.ask((address,), Want())))
    for status in (200, 202):
        reply = replace(page, status=status)
        plain = replace(reply, headers={"content-type": "application/json"})
        for shown, form in ((reply, "HTML"), (plain, "HTML that says it is JSON")):
            if connector.judge(call, plain).disposition is Disposition.OK:
                finding = _ask(connector, address, reply=shown)
                if finding.outcome is not Outcome.BROKEN:
                    yield f"{form} under {status} is {finding.outcome}, not {Outcome.BROKEN}"


def _detail(finding: Finding) -> Iterator[str]:
    if finding.outcome.answered:
        return
    detail = finding.detail or ""
    if not detail:
        yield "no detail says what is wrong"
    if _OWN_WORDS in detail or len(detail) > _LONGEST_DETAIL:
        yield f"the detail quotes the upstream: {detail[:_LONGEST_DETAIL]!r}"


def _ask(connector: Connector, address: Address, *, reply: Reply) -> Finding:
    done = replay(connector, (address,), want=Want(), upstream=lambda _call, _number: reply, max_calls=50)
    return done.findings[0]


def _reply(status: int, *, retry_after: str | None = None) -> Reply:
    headers = {"content-type": "application/json", "x-error": _OWN_WORDS, "x-error-id": _OWN_WORDS}
    if retry_after is not None:
        headers["retry-after"] = retry_after
    return Reply(status, RECORDED_AT, headers, _BODY)
