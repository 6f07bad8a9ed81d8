"""Tests of the one table from errors to problems, and of what a problem tells."""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from datetime import timedelta

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

import connectors
import service
from connectors.errors import (
    AmbiguousNodeError,
    ConfigurationError,
    GraphError,
    InvalidNodeIdError,
    InvalidParameterError,
    RequestError,
    SourceError,
    StoreUnavailableError,
)
from service.api.problems import KINDS, answer_problem, kind_of, problem_body
from service.kind import BY_STATUS, INTERNAL
from service.usecases.answer.report import Report
from service.usecases.answer.requirement import SourcesFailedError

# Section 4 of the contract, and 431 for what its table has no row.
CONTRACT = {
    400: {
        *("invalid-node", "ambiguous-node", "invalid-parameter", "unknown-source"),
        *("invalid-cursor", "expired-cursor"),
    },
    401: {"unauthenticated"},
    403: {"forbidden"},
    404: {"unknown-node", "not-found"},
    405: {"method-not-allowed"},
    406: {"not-acceptable"},
    413: {"content-too-large"},
    414: {"uri-too-long"},
    415: {"unsupported-media-type"},
    429: {"rate-limited"},
    431: {"headers-too-large"},
    500: {"internal"},
    502: {"sources-failed"},
    503: {"not-ready"},
    504: {"sources-timed-out", "not-cached"},
}
NEVER_PROBLEMS = (SourceError, StoreUnavailableError, ConfigurationError)


def errors_of(root: type[GraphError]) -> Iterator[type[GraphError]]:
    """Give every error below `root` that something raises: those with none below themselves."""
    for package in (connectors, service):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    below = root.__subclasses__()
    while below:
        error = below.pop()
        below += error.__subclasses__()
        # A command has no request to answer.
        if not error.__subclasses__() and not error.__module__.startswith("service.command"):
            yield error


def request(path: bytes = b"/graph/x", *, host: bytes = b"here") -> Request:
    """Give a request as the server hands it over."""
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "path": path.decode("latin-1"),
            "raw_path": path,
            "query_string": b"token=canary",
            "headers": [(b"host", host)],
            "state": {"request_id": "r1"},
        }
    )


def body_of(error: Exception) -> dict[str, object]:
    """Give the body of a problem."""
    return problem_body(error, instance="/graph/x", request_id="r1")


def test_every_error_has_its_row() -> None:
    """Whatever is raised on purpose is in the table, itself or by its family."""
    found = set(errors_of(GraphError))
    assert len(found) > 15
    assert [error for error in found if not set(error.__mro__) & KINDS.keys()] == []


def test_the_callers_mistakes_are_4xx() -> None:
    """And each tells which field is wrong."""
    for error in errors_of(RequestError):
        kind = next(KINDS[cls] for cls in error.__mro__ if cls in KINDS)
        assert 400 <= kind.status < 500


@pytest.mark.parametrize("family", NEVER_PROBLEMS)
def test_what_is_no_problem_is_internal(family: type[GraphError]) -> None:
    """A source's failure is an outcome, a cache that is down a header: as a problem either is a mistake."""
    for error in errors_of(family):
        assert next(KINDS[cls] for cls in error.__mro__ if cls in KINDS) is INTERNAL
    assert KINDS[family] is INTERNAL


def test_the_kinds_are_the_contracts() -> None:
    """Status and slug of each."""
    kinds = {*KINDS.values(), *BY_STATUS.values()}
    assert {status: {kind.slug for kind in kinds if kind.status == status} for status in CONTRACT} == CONTRACT
    assert {kind.status for kind in kinds} == CONTRACT.keys()
    assert all(status == kind.status for status, kind in BY_STATUS.items())


@pytest.mark.parametrize("error", [ValueError("canary"), SourceError("canary"), HTTPException(418, "canary")])
def test_what_is_internal_tells_nothing(error: Exception) -> None:
    """Neither its message nor its type."""
    assert kind_of(error) is INTERNAL
    assert "canary" not in json.dumps(body_of(error))


def test_a_problem_says_what_and_where() -> None:
    """All members of the contract, in its order."""
    assert list(body_of(InvalidNodeIdError("wrong")).items()) == [
        ("type", "/problems/invalid-node"),
        ("title", "The address of the node is not valid"),
        ("status", 400),
        ("detail", "wrong"),
        ("instance", "/graph/x"),
        ("request_id", "r1"),
        ("errors", [{"field": "node", "detail": "wrong"}]),
    ]


def test_a_wrong_parameter_is_named_in_words_too() -> None:
    """`detail` is for people, `errors` for programs."""
    body = body_of(InvalidParameterError("empty", field="hops"))
    assert body["detail"] == "hops: empty"
    assert body["errors"] == [{"field": "hops", "detail": "empty"}]


def test_an_ambiguous_address_comes_with_its_choices() -> None:
    """Under the field that was ambiguous."""
    body = body_of(AmbiguousNodeError("several", choices=["a@1:t:k", "a@2:t:k"]))
    assert body["choices"] == ["a@1:t:k", "a@2:t:k"]
    assert body["errors"] == [{"field": "node", "detail": "several"}]


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("a\ud800b", "a\ufffdb"),
        ("\udfff", "\ufffd"),
        ("\x00\x1f\x7f\x85", "\x00\x1f\x7f\x85"),
        ("\u2028\u202e", "\u2028\u202e"),
    ],
)
async def test_any_message_can_be_sent(text: str, sent: str) -> None:
    """Half a character becomes its replacement, a control character is escaped."""
    response = await answer_problem(request(), InvalidParameterError(text, field=text))
    assert json.loads(bytes(response.body).decode("utf-8"))["errors"] == [{"field": sent, "detail": sent}]


@pytest.mark.parametrize(
    ("path", "instance"),
    [
        (b"/graph/a%2Fb%0Ac", "/graph/a%2Fb%0Ac"),
        (b'/graph/"<>{}', "/graph/%22%3C%3E%7B%7D"),
        (b"/" + b"x" * 5000, "/"),
    ],
)
async def test_the_instance_is_the_path_as_sent(path: bytes, instance: str) -> None:
    """Still encoded, without the query and whatever the Host header says; a long one is not sent back."""
    response = await answer_problem(request(path, host=b"["), InvalidNodeIdError("wrong"))
    assert json.loads(bytes(response.body))["instance"] == instance


async def test_a_405_says_what_is_allowed() -> None:
    """In one order, whatever the framework's is."""
    error = HTTPException(405, headers={"Allow": "HEAD, GET"})
    assert (await answer_problem(request(), error)).headers["allow"] == "GET, HEAD"


async def test_a_refused_answer_says_when_to_come_back() -> None:
    """After the shortest wait any source asks for, at least a second."""
    for waits, told in (((30, 7), "7"), ((0,), "1"), ((), None)):
        reports = [_Waiting(timedelta(seconds=wait)) for wait in waits]
        response = await answer_problem(request(), SourcesFailedError("no", reports=reports))
        assert response.headers.get("retry-after") == told
        assert len(json.loads(bytes(response.body))["sources"]) == len(waits)


class _Waiting(Report):
    """A report of a source that wants to be left alone."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("acc", "autodesk")
        self._wait = wait

    @property
    def retry_after(self) -> timedelta | None:
        return self._wait
