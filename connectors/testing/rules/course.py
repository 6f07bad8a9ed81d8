"""C9 and C13: a walk over a cassette ends, repeats nothing, and finds what was recorded."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from connectors.testing.candidate import Candidate
from connectors.testing.cassette import Cassette, write_call
from connectors.testing.findings import write_expected
from connectors.testing.replay import Replay, play, replay


def walk_ends(candidate: Candidate) -> Iterator[str]:
    """C9: every walk makes the recorded calls, each once, and none goes on for ever."""
    if not candidate.cassettes:
        yield f"no cassettes in {candidate.folder.name}"
    for cassette in candidate.cassettes:
        done = play(candidate.rebuild(cassette), cassette, max_calls=candidate.max_calls)
        yield from (f"{cassette.name}: {fault}" for fault in _compare_calls(cassette, done))
        if not done.ended:
            yield f"{cassette.name}: after {candidate.max_calls} calls the walk still goes on"
        if not _ends_when_stuck(candidate, cassette):
            yield f"{cassette.name}: an upstream that shows its first page over and over is never left"
    for exchange in candidate.exchanges():
        if exchange.page is not None and any(call.opening for call in exchange.page.follow):
            yield f"{exchange}: a call that follows a page is marked as opening"
    for where, connector, address, want in candidate.questions():
        if not all(call.opening for call in connector.ask((address,), want)):
            yield f"{where}: a call made by ask is not marked as opening"


def findings_are_golden(candidate: Candidate) -> Iterator[str]:
    """C13: every cassette gives the findings recorded in it, under the mapping version recorded."""
    for cassette in candidate.cassettes:
        connector = candidate.rebuild(cassette)
        done = play(connector, cassette, max_calls=candidate.max_calls)
        version = connector.spec.mapping_version
        found = write_expected(done.findings, mapping_version=version)
        if cassette.expected is None:
            yield f"{cassette.name}: no expected.json"
        elif cassette.expected.get("mapping_version") != version:
            yield (
                f"{cassette.name}: recorded with mapping_version {cassette.expected.get('mapping_version')}, "
                f"the spec says {version}: look at what changed, then record it again"
            )
        elif (difference := _differ(cassette.expected, found)) is not None:
            yield f"{cassette.name}: {difference} (on purpose? raise mapping_version and record it again)"


def _compare_calls(cassette: Cassette, done: Replay) -> Iterator[str]:
    made = [write_call(call) for call, _ in done.exchanges]
    for number, (call, recorded) in enumerate(zip(made, cassette.calls, strict=False), 1):
        if (difference := _differ(dict(recorded), call)) is not None:
            yield f"call {number:02}: {difference}"
    if len(made) != len(cassette.calls):
        yield f"{len(made)} calls are made, {len(cassette.calls)} were recorded"
    for text, times in Counter(str(call) for call in made).items():
        if times > 1:
            yield f"{times} times the same call: {text}"


def _ends_when_stuck(candidate: Candidate, cassette: Cassette) -> bool:
    first = cassette.replies[0]
    stuck = replay(
        candidate.rebuild(cassette),
        cassette.ask,
        want=cassette.want,
        upstream=lambda _call, _number: first,
        max_calls=candidate.max_calls,
    )
    return stuck.ended


def _differ(expected: Any, found: Any, where: str = "") -> str | None:
    if isinstance(expected, dict) and isinstance(found, dict) and expected.keys() == found.keys():
        pairs: Any = ((f"{where}.{key}".lstrip("."), expected[key], found[key]) for key in expected)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = ((f"{where}[{n}]", *both) for n, both in enumerate(zip(expected, found, strict=True)))
    else:
        # JSON tells true from 1, Python's == does not.
        same = type(expected) is type(found) and expected == found
        return None if same else f"{where}: {_brief(expected)} was recorded, now it is {_brief(found)}"
    return next(filter(None, (_differ(one, other, place) for place, one, other in pairs)), None)


def _brief(value: Any, longest: int = 200) -> str:
    text = repr(value)
    return text if len(text) <= longest else f"{text[:longest]}…"
