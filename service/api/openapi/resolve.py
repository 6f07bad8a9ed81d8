"""The part of the document about /resolve: both methods, the shapes, and an example of each body."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from connectors.model import encode_ref
from service.api.openapi.header import KEPT, NEVER_KEPT, VARY
from service.api.openapi.parameter import Configured
from service.api.openapi.response import (
    OF_CONTENT,
    OF_SERVICE,
    describe_problems,
    describe_success,
    of_callers,
)
from service.api.openapi.shape import write_schemas
from service.api.resolve import MOST_TEXT_BYTES, MOST_TEXTS

_TAG = "resolve"
_TEXT = (
    "Any text: a URL, also a defanged one, a host, an e-mail or IP address, a network, a hash, a CVE, a "
    "GUID, a URN, the URL of a page, an id of a source, an address or ref, or a URL of this service. Quotes, "
    "brackets, labels and punctuation around it do no harm."
)
_DEFANGED = "hxxps://evil[.]example/x"
_NOTHING = "nothing we know"
_REQUEST: dict[str, Any] = {
    "type": "object",
    "required": ["q"],
    "additionalProperties": False,
    "properties": {
        "q": {
            "type": "array",
            "maxItems": MOST_TEXTS,
            "description": f"The texts, each of at most {MOST_TEXT_BYTES} bytes.",
            "items": {"type": "string", "description": _TEXT},
        }
    },
}


class CandidateRecord(BaseModel):
    """An address that a text may mean, in three forms."""

    address: str = Field(description="Canonical, and accepted by each of the sources.")
    ref: str
    href: str
    kind: str = Field(description="The type of the node; `selection` where the address names no single one.")
    confidence: Annotated[float, Field(gt=0, le=1)] = Field(
        description="How often a text like this means it; 1 when it can mean nothing else."
    )
    sources: Annotated[list[str], Field(min_length=1)] = Field(
        description="The sources that can be asked about it."
    )


class Resolved(BaseModel):
    """What one text may mean, the surest candidate first; none when it has no known shape."""

    q: str = Field(description="The text as it was sent.")
    candidates: Annotated[list[CandidateRecord], Field(max_length=64)]


class ResolvedList(BaseModel):
    """As many answers as texts were sent, in their order."""

    answers: list[Resolved]


def resolve_schemas() -> dict[str, Any]:
    """Give the shapes under their names, for `components.schemas`."""
    return write_schemas(Resolved, ResolvedList)


def resolve_paths(configured: Configured, *, security: list[dict[str, list[str]]]) -> dict[str, Any]:
    """Describe `/resolve`; `security` are the ways to identify oneself."""
    usual = ("invalid-parameter", *of_callers(keyed=configured.keyed), "not-acceptable")
    one, none = _example(_DEFANGED), {"q": _NOTHING, "candidates": []}
    # Of no shared cache: which addresses there are depends on the settings.
    kept = KEPT | VARY
    return {
        "/resolve": {
            "get": {
                "operationId": "resolve_text",
                "tags": [_TAG],
                "summary": "The addresses that a text may mean",
                "description": "Asks no source and no store.",
                "parameters": [
                    {
                        "name": "q",
                        "in": "query",
                        "required": True,
                        "description": _TEXT,
                        "schema": {"type": "string", "minLength": 1},
                        "examples": {"a defanged URL": {"value": _DEFANGED}},
                    }
                ],
                "security": security,
                "responses": {
                    "200": describe_success(
                        "The candidates.", Resolved, {"found": one, "nothing": none}, headers=kept
                    ),
                    **describe_problems(*usual, *OF_SERVICE),
                },
            },
            "post": {
                "operationId": "resolve_texts",
                "tags": [_TAG],
                "summary": "The addresses that each of many texts may mean",
                "description": "Asks no source and no store; the content is at most 1 MiB.",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": _REQUEST,
                            "examples": {"two texts": {"value": {"q": [_DEFANGED, _NOTHING]}}},
                        }
                    },
                },
                "security": security,
                "responses": {
                    "200": describe_success(
                        "An answer to each text.",
                        ResolvedList,
                        {"two answers": {"answers": [one, none]}},
                        headers=NEVER_KEPT | VARY,
                    ),
                    **describe_problems(*usual, *OF_CONTENT, *OF_SERVICE),
                },
            },
        }
    }


def _example(text: str) -> dict[str, Any]:
    found = (
        ("url", "https://evil.example/x", 0.9),
        ("domain", "evil.example", 0.28),
        ("hostname", "evil.example", 0.17),
    )
    return {"q": text, "candidates": [_candidate(*each) for each in found]}


def _candidate(kind: str, value: str, confidence: float) -> dict[str, Any]:
    address = f"observable:{kind}:{value}"
    return {
        "address": address,
        "ref": encode_ref(address),
        "href": f"/graph/~{encode_ref(address)}",
        "kind": kind,
        "confidence": confidence,
        "sources": ["threatwinds"],
    }
