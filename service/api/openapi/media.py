"""Every media type of an answer, each with its shape and an example made by what writes the real one."""

from collections.abc import Mapping
from typing import Any

import msgspec

from service.api.body import encode_json
from service.api.format.media import Format, Table
from service.api.format.writer import write_answer
from service.api.format.written import Written
from service.api.openapi.cytoscape import CytoscapeGraph
from service.api.openapi.event import Event
from service.api.openapi.planned import AnswerOrPlan
from service.api.openapi.sample import (
    load_example,
    write_events,
    write_explained,
    write_page,
    write_paths,
    write_sample,
)
from service.api.openapi.shape import refer
from service.api.openapi.wording import EVENTS, listed

Media = dict[str, Any]

_TEXTS: Mapping[Format, str] = {
    Format.GRAPHML: "A GraphML document with typed keys.",
    Format.GEXF: "A GEXF 1.3 document.",
    Format.DOT: "A graph in Graphviz's language.",
    Format.MERMAID: "A mermaid flowchart: a picture, which does not hold everything.",
    Format.CSV: "One table, the nodes or the edges, with a header row.",
}


def answer_content(*, several: bool) -> dict[str, Media]:
    """Describe an answer in every format; with `several` the first example has several seeds."""
    return {each.media_type: _describe(each, several=several) for each in Format}


def _describe(format: Format, *, several: bool) -> Media:
    match format:
        case Format.JSON:
            return {"schema": refer(AnswerOrPlan), "examples": _named(_answers(several=several))}
        case Format.NDJSON:
            return _stream()
        case Format.CYTOSCAPE:
            body = _read(format, write_sample(several=several))
            return {"schema": refer(CytoscapeGraph), "examples": _named({"complete": body})}
        case Format.CSV:
            tables = {each.value: _text(format, several=several, table=each) for each in Table}
            return {"schema": _schema(_TEXTS[format]), "examples": _named(tables)}
        case _:
            text = _text(format, several=several)
            return {"schema": _schema(_TEXTS[format]), "examples": _named({"complete": text})}


def _answers(*, several: bool) -> dict[str, Any]:
    first = {"several seeds" if several else "complete": write_sample(several=several)}
    others = {
        "the second page": write_page(),
        "paths": write_paths(),
        "measured and explained": write_explained(),
    }
    bodies = {name: _read(Format.JSON, written) for name, written in (first | others).items()}
    return bodies | ({} if several else {"incomplete": load_example("incomplete")})


def _stream() -> Media:
    lines = b"".join(encode_json(event) + b"\n" for event in write_events())
    about = (
        f"One event a line, each a JSON object; its member of the event's name holds it.\n\n{listed(EVENTS)}"
    )
    return {
        "schema": _schema(about),
        # What OpenAPI 3.2 calls `itemSchema`.
        "x-itemSchema": refer(Event),
        "examples": _named({"complete": lines.decode("utf-8")}),
    }


def _schema(about: str) -> dict[str, str]:
    return {"type": "string", "description": about}


def _named(bodies: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {"value": body} for name, body in bodies.items()}


def _read(format: Format, written: Written) -> Any:
    return msgspec.json.decode(write_answer(written, format=format))


def _text(format: Format, *, several: bool, table: Table = Table.NODES) -> str:
    return write_answer(write_sample(several=several), format=format, table=table).decode("utf-8")
