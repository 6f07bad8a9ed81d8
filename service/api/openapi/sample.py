"""One small answer, as the service itself would hold it: the examples of all formats are made of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from connectors.contract import Filter
from connectors.model import NodeId, Outcome
from connectors.walk import Finding, Listing
from connectors.wire import Aspect
from service.api.about import describe
from service.api.format.written import Written
from service.api.streaming import write_event
from service.graph.assemble import Records
from service.graph.measure import Measure
from service.graph.measured import Measured, count_unexpanded, write_measures
from service.graph.path import PathVerdict
from service.graph.record import EdgeRecord, Record
from service.usecases.answer.answering import Answer, SeedTold, Spent
from service.usecases.answer.evidence import NATIVE_ID, OBSERVABLE
from service.usecases.answer.locate import Located
from service.usecases.answer.page import Page
from service.usecases.answer.report import Report
from service.usecases.answer.run import Seed
from service.usecases.answer.stream import Done, Event, Progress

SEED = NodeId("observable", None, "domain", "acescency.com")
_NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
_TYPED = "threatwinds:domain:acescency.com"
_CURSOR = "gAAAAABrAlByw9UtIiRb-aBGqSJy1SQe99BDDryM5C_G6KSqRtti6hoHzsEztdoZzUCyJflY7DMxOzqRIgXqNZhz3AVv8p-P"


@cache
def load_example(name: str) -> Any:
    """Load an example body."""
    return msgspec.json.decode((files(__package__) / "example" / f"{name}.json").read_bytes())


def write_sample(*, several: bool = False) -> Written:
    """Write the whole answer: a domain and the one thing that the sandbox relates it to.

    With `several` it was asked for twice, by two of its addresses.
    """
    answer = _answer()
    if several:
        answer = replace(answer, seeds=(*answer.seeds, SeedTold(SEED, _TYPED, known=True)))
    return _write(answer, several=several)


def write_page() -> Written:
    """Write the second page of an answer that `max_nodes` has cut, and will cut again."""
    whole = _answer()
    first, *others = whole.page.records.nodes
    page = Page(Records(others, whole.page.records.edges), amended=Records([first], []))
    return _write(
        replace(whole, page=page, complete=False, truncated=("max_nodes",), next_cursor=_CURSOR),
    )


def write_paths() -> Written:
    """Write the shortest path between the two."""
    whole = _answer()
    path = [node["id"] for node in whole.page.records.nodes]
    return _write(replace(whole, extra={"paths": [path], "verdict": PathVerdict.FOUND.value}))


def write_explained() -> Written:
    """Write the answer with a measure, and why its addresses are one node."""
    whole = _answer()
    nodes: list[Record] = [
        {**node, "same_as": [_evidence(alias, node["id"]) for alias in node["aliases"]]}
        for node in whole.page.records.nodes
    ]
    ids = tuple(node["id"] for node in nodes)
    measured = Measured((Measure.DEGREE,), ids, {Measure.DEGREE: [1, 1]}, count_unexpanded(nodes))
    told = replace(
        whole,
        page=Page(Records(write_measures(measured, nodes=nodes), whole.page.records.edges)),
        extra={
            "identity": {"mode": "exact", "merged": len(nodes), "inside": 0},
            "measures": measured.record(),
        },
    )
    return _write(told)


def write_events() -> Sequence[Record]:
    """Write what a stream tells of the answer; the seed was sent by an alias."""
    answer = replace(_answer(), seeds=(SeedTold(SEED, _TYPED, known=True),))
    (report,) = answer.reports
    progress = Progress(nodes=2, edges=1, calls=2, seconds=answer.spent.elapsed.total_seconds())
    seed = Seed(_TYPED, Located(SEED, SEED, ()), SEED)
    records = answer.page.records
    events = [
        Event("meta", (seed,)),
        Event("alias", seed),
        *(Event("node", node) for node in records.nodes),
        *(Event("edge", edge) for edge in records.edges),
        Event("source", report),
        Event("progress", progress),
        Event("done", Done(answer, (), ())),
    ]
    return [write_event(event, several=False) for event in events]


def _write(answer: Answer, *, several: bool = False) -> Written:
    records = answer.page.records
    return Written(describe(answer, several=several), records.nodes, records.edges)


def _answer() -> Answer:
    held = load_example("answer")
    records = Records(held["nodes"], msgspec.convert(held["edges"], list[EdgeRecord]))
    report = Report("threatwinds", "threatwinds", calls=2, edges=1, age=timedelta(0))
    report.findings[SEED] = Finding(Outcome.OK, Listing(SEED, Aspect.RELATIONS, Filter(), _NOON))
    return Answer(
        page=Page(records),
        seeds=(SeedTold(SEED, str(SEED), known=True),),
        complete=True,
        truncated=(),
        reports=(report,),
        spent=Spent(hops=1, nodes=2, edges=1, calls=2, elapsed=timedelta(milliseconds=41.7)),
        store_down=False,
        next_cursor=None,
        extra={},
        heard_at=0.0,
    )


def _evidence(alias: str, node: str) -> Record:
    return {
        "address": alias,
        "same_as": node,
        "rule": NATIVE_ID if ":entity:" in alias else OBSERVABLE,
        "source": "threatwinds",
        "confidence": 1.0,
        "at": "2026-11-21T12:00:00Z",
    }
