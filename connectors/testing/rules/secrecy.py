"""C3: no credential shows in anything a connector makes, says or records."""

import io
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from connectors.contract import Connector
from connectors.credential import CallerCredential
from connectors.errors import GraphError
from connectors.model import NodeId
from connectors.testing.canary import canaries_in, leaked
from connectors.testing.candidate import Candidate, Exchange
from connectors.wire import Call

_CREDENTIAL_HEADERS = re.compile(
    r"authorization|proxy-authorization|cookie|set-cookie|.*(api|access).?key.*|.*secret.*|x-auth.*",
    re.IGNORECASE,
)
_SECRET_LOOK = re.compile(
    rb"Bearer [\w.~+/-]{16,}|Basic [\w+/]{16,}|eyJ[\w-]+\.eyJ[\w-]+\."
    rb"|-----BEGIN [A-Z ]*PRIVATE KEY|canary[0-9a-f]{24}"
)
# Wrong on purpose: an error about a table must not quote the rest of it.
_MISTAKES: tuple[Mapping[str, Any], ...] = (
    {"base_url": "nonsense"},
    {"no_such_setting": 1},
    {"visibility": "nobody"},
)


def no_credential_shows(candidate: Candidate) -> Iterator[str]:
    """C3: canaries in the settings reach the credential, and nothing that anyone can see."""
    canaries = canaries_in(list(candidate.tables))
    with _overhear() as heard:
        shown = [*_settings(candidate), *_asked(candidate), *_read(candidate)]
    shown.append(("what was printed or logged", heard.getvalue()))
    for where, text in shown:
        if leaked(text, canaries):
            yield f"a credential shows in {where}"
    yield from _canaries(candidate)
    yield from _call_headers(candidate)
    yield from _cassettes(candidate)


def _canaries(candidate: Candidate) -> Iterator[str]:
    for number, table in enumerate(candidate.tables, 1):
        credential = candidate.plugin.credential(candidate.plugin.settings.model_validate(dict(table)))
        if isinstance(credential, CallerCredential):
            continue
        values = [getattr(credential, name) for name in type(credential).__slots__]
        if not canaries_in([value for value in values if isinstance(value, str | tuple)]):
            yield f"settings {number}: no canary reaches the credential, so nothing is proved by it"


def _settings(candidate: Candidate) -> Iterator[tuple[str, str]]:
    plugin = candidate.plugin
    for number, table in enumerate(candidate.tables, 1):
        settings = plugin.settings.model_validate(dict(table))
        made = {"credential": plugin.credential(settings), "connector": plugin.build(settings)}
        for name, value in {"settings": settings, "spec": plugin.build(settings).spec, **made}.items():
            yield f"the repr of the {name} of settings {number}", f"{value!r} {value}"
        for mistake in _MISTAKES:
            try:
                plugin.settings.model_validate({**table, **mistake})
            except ValidationError as error:
                yield f"the error about {next(iter(mistake))} in settings {number}", f"{error} {error!r}"


def _asked(candidate: Candidate) -> Iterator[tuple[str, str]]:
    for where, connector, address, want in candidate.questions():
        for call in connector.ask((address,), want):
            yield f"a call ({where})", _show(call)
        if isinstance(address, NodeId):
            yield f"the aliases ({where})", repr(connector.aliases(address))


def _read(candidate: Candidate) -> Iterator[tuple[str, str]]:
    for exchange in candidate.exchanges():
        yield f"the page of {exchange}", repr(exchange.page)
        yield f"an error about {exchange}", _spoil(exchange.connector, exchange)


def _spoil(connector: Connector, exchange: Exchange) -> str:
    said = [
        repr(connector.judge(exchange.call, replace(exchange.reply, status=status))) for status in (401, 500)
    ]
    try:
        connector.read(exchange.call, replace(exchange.reply, body=b'{"spoilt":'))
    except GraphError as error:
        said += [repr(error), str(error), repr(error.__context__)]
    return " ".join(said)


def _call_headers(candidate: Candidate) -> Iterator[str]:
    for where, connector, address, want in candidate.questions():
        for call in connector.ask((address,), want):
            for name, _ in (*call.headers, *call.query):
                if _CREDENTIAL_HEADERS.fullmatch(name):
                    yield f"a call carries {name!r} ({where}); credentials are added when it is sent"


def _cassettes(candidate: Candidate) -> Iterator[str]:
    for file in sorted(candidate.folder.rglob("*.*")):
        if file.is_file() and (found := _SECRET_LOOK.search(file.read_bytes())):
            yield f"{file.relative_to(candidate.folder)} holds what looks like a secret: {found[0][:12]!r}…"
    for cassette in candidate.cassettes:
        named = [name for call in cassette.calls for name, _ in call["headers"]]
        named += [name for reply in cassette.replies for name in reply.headers]
        for name in named:
            if _CREDENTIAL_HEADERS.fullmatch(name):
                yield f"{cassette.name} records the header {name!r}"


def _show(call: Call) -> str:
    return f"{call!r} {call} {call.target} {call.body!r}"


@contextmanager
def _overhear() -> Iterator[io.StringIO]:
    heard = io.StringIO()
    root, handler = logging.getLogger(), logging.StreamHandler(heard)
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with redirect_stdout(heard), redirect_stderr(heard):
            yield heard
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
