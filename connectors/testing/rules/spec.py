"""C1: the data sheet is complete, consistent and true of the connector."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from connectors.contract import Connector, ConnectorSpec, Freshness, Pace
from connectors.errors import InvalidNodeIdError
from connectors.model import Selection, parse_address
from connectors.settings import SourceSettings
from connectors.testing.candidate import Candidate

_KIND = re.compile(r"[a-z][a-z0-9-]{0,63}")
_RELATION = re.compile(r"[a-z][a-z0-9_]{0,63}")
# A family of namespaces is written with a star at its end.
_NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\*?")
_ELSEWHERE = "https://elsewhere.example.com/graph"
# None of these is a default: a sheet that ignores its settings would else look true.
_POLICY = {"ttl": "61s", "stale_for": "62s", "absent_ttl": "3s", "requests_per_minute": 59, "concurrency": 7}


def spec_is_valid(candidate: Candidate) -> Iterator[str]:
    """C1: settings build, and each spec is well-formed, stable and true of what it describes."""
    plugin = candidate.plugin
    if not _KIND.fullmatch(plugin.kind):
        yield f"the plugin's kind {plugin.kind!r} is not lower-case letters, digits and hyphens"
    if not issubclass(plugin.settings, SourceSettings):
        yield f"{plugin.settings.__name__} is no SourceSettings"
    if not candidate.tables:
        yield "no settings to build a connector from"
    for number, table in enumerate(candidate.tables, 1):
        try:
            connector = candidate.build(table)
        except ValidationError as error:
            yield f"settings {number}: refused: {error}"
            continue
        faults = (
            *_form(connector.spec),
            *_truth(connector),
            *_scope(candidate, table),
            *_policy(candidate, table),
        )
        if connector.spec.kind != plugin.kind:
            faults = (*faults, f"the spec's kind is {connector.spec.kind!r}, the plugin's {plugin.kind!r}")
        yield from (f"settings {number}: {fault}" for fault in faults)


def _form(spec: ConnectorSpec) -> Iterator[str]:
    names = [relation.name for relation in spec.relations]
    scope = [name for name, _ in spec.scope]
    freshness, pace = spec.freshness, spec.pace
    lasting = (freshness.ttl, freshness.stale_for, freshness.absent_ttl)
    checks = {
        "no namespaces": bool(spec.namespaces),
        "a namespace is no name": all(_NAMESPACE.fullmatch(name) for name in spec.namespaces),
        "a namespace is listed twice": len(set(spec.namespaces)) == len(spec.namespaces),
        "no relations": bool(names),
        "a relation is not lower-case words": all(_RELATION.fullmatch(name) for name in names),
        "a relation is declared twice": len(set(names)) == len(names),
        "a name is in the scope twice": len(set(scope)) == len(scope),
        "mapping_version is not 1 or more": spec.mapping_version >= 1,
        "batch_size is not 1 or more": spec.batch_size >= 1,
        "concurrency is not 1 or more": pace.concurrency >= 1,
        "requests_per_minute is not 1 or more": (pace.requests_per_minute or 1) >= 1,
        "a time of freshness is below zero": min(lasting).total_seconds() >= 0,
        "no examples for a newcomer": bool(spec.examples),
    }
    yield from (fault for fault, fine in checks.items() if not fine)


def _truth(connector: Connector) -> Iterator[str]:
    spec = connector.spec
    if connector.spec != spec or hash(connector.spec) != hash(spec):
        yield "the spec differs between two looks"
    for example in spec.examples:
        try:
            claims = connector.claim(parse_address(example))
        except InvalidNodeIdError as error:
            yield f"the example {example} is refused: {error}"
            continue
        if len(claims) != 1 or not connector.accepts(claims[0]):
            yield f"the example {example} is not claimed as one address that is accepted"
        elif isinstance(claims[0], Selection) and not spec.selects:
            yield f"the example {example} is a selection, and the spec says that none is accepted"


def _scope(candidate: Candidate, table: Mapping[str, Any]) -> Iterator[str]:
    # The scope is part of every cache key: two hosts must not share what they said.
    moved = candidate.build({**table, "base_url": _ELSEWHERE})
    if moved.spec.scope == candidate.build(table).spec.scope:
        yield "another base_url gives the same scope"


def _policy(candidate: Candidate, table: Mapping[str, Any]) -> Iterator[str]:
    # The service keeps to the sheet: what it leaves out of the settings has no effect.
    chosen = {**table, **_POLICY}
    settings, spec = candidate.plugin.settings.model_validate(chosen), candidate.build(chosen).spec
    if spec.freshness != Freshness.of(settings):
        yield "freshness is not what the settings say"
    if spec.pace != Pace.of(settings):
        yield "pace is not what the settings say"
