"""C12: a reply may say more than is documented; what it must say and does not is named."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from connectors.contract import Page
from connectors.errors import SourceContractError
from connectors.model import Attributes
from connectors.testing.candidate import Candidate, Exchange, read
from connectors.testing.mutation import (
    dump,
    load,
    nearby,
    pattern,
    places,
    same_place,
    shortened,
    value_at,
    with_value,
    without,
    written,
)

_UNKNOWN = {"xUnknownField": "new", "xUnknownObject": {"id": ["new", None]}}
_OTHER_TYPES: tuple[Any, ...] = (None, 7, "text", [], {}, True)


def shape_is_checked(candidate: Candidate) -> Iterator[str]:
    """C12: unknown fields change nothing; a field that is missing or of another type gives its path."""
    unmissed = {f"no recorded reply holds the required field {field}" for field in candidate.required}
    for exchange in candidate.exchanges():
        document, page = _baseline(exchange)
        if page is None:
            continue
        faults = (*_extend(exchange, document, page), *_remove(exchange, document, page, candidate.required))
        yield from (f"{exchange}: {fault}" for fault in (*faults, *_retype(exchange, document, page)))
        held = {pattern(path) for path in places(document)}
        unmissed -= {f"no recorded reply holds the required field {field}" for field in held}
    yield from sorted(unmissed)


def _baseline(exchange: Exchange) -> tuple[Any, Page | None]:
    """Give the recorded document with its lists shortened, and the page it makes."""
    recorded = load(exchange.reply.body)
    if exchange.page is None or recorded is None:
        return None, None
    document = shortened(recorded)
    page = read(exchange.connector, exchange.call, replace(exchange.reply, body=dump(document)))
    return (recorded, exchange.page) if page is None else (document, page)


def _extend(exchange: Exchange, document: Any, page: Page) -> Iterator[str]:
    for path in ((), *places(document)):
        if isinstance(value_at(document, path), dict):
            for name, value in _UNKNOWN.items():
                try:
                    longer = _read(exchange, with_value(document, (*path, name), value))
                except SourceContractError as error:
                    yield f"an unknown field in {written(path)} is refused: {error}"
                    continue
                if _essence(longer) != _essence(page):
                    yield f"an unknown field in {written(path)} changes what is read"


def _remove(exchange: Exchange, document: Any, page: Page, required: tuple[str, ...] | Any) -> Iterator[str]:
    for path in places(document):
        if isinstance(path[-1], int):
            continue
        try:
            shorter = _read(exchange, without(document, path))
        except SourceContractError as error:
            if not same_place(error.path, path):
                yield f"without {written(path)} the error names {error.path!r}"
            continue
        except Exception as error:  # noqa: BLE001 - whatever else escapes is the fault looked for
            yield f"without {written(path)}: {type(error).__name__}: {error}"
            continue
        if pattern(path) in required:
            yield f"{written(path)} is required, and is not missed"
        elif not _alike(shorter, page):
            yield f"without {written(path)} fewer or other edges are read, and nothing says so"


def _retype(exchange: Exchange, document: Any, page: Page) -> Iterator[str]:
    for path in places(document):
        for value in _OTHER_TYPES:
            if isinstance(value, type(value_at(document, path))):
                continue
            try:
                other = _read(exchange, with_value(document, path, value))
            except SourceContractError as error:
                if not nearby(error.path, path):
                    yield f"with {value!r} at {written(path)} the error names {error.path!r}"
                continue
            except Exception as error:  # noqa: BLE001 - whatever else escapes is the fault looked for
                yield f"with {value!r} at {written(path)}: {type(error).__name__}: {error}"
                continue
            if not _alike(other, page):
                yield f"with {value!r} at {written(path)} fewer or other edges are read, and nothing says so"


def _read(exchange: Exchange, document: Any) -> Page:
    return exchange.connector.read(exchange.call, replace(exchange.reply, body=dump(document)))


def _alike(page: Page, whole: Page) -> bool:
    """Tell whether a page still shows as many edges, or facts, as the whole one, or says that it does not."""
    if page.withheld is not None:
        return True
    kinds = Counter((edge.relation, edge.directed) for edge in page.edges)
    if kinds != Counter((edge.relation, edge.directed) for edge in whole.edges):
        return False
    return bool(whole.edges) or len(page.facts) == len(whole.facts)


def _essence(page: Page) -> Page:
    # An object whose every field is an attribute of the node has no unknown ones.
    edges = (replace(edge, attributes=_known(edge.attributes)) for edge in page.edges)
    facts = (replace(facts, attributes=_known(facts.attributes)) for facts in page.facts)
    return replace(page, edges=tuple(edges), facts=tuple(facts))


def _known(attributes: Attributes) -> Attributes:
    unknown = {re.sub(r"[^a-z]", "", name.lower()) for name in _UNKNOWN}
    return tuple(pair for pair in attributes if re.sub(r"[^a-z]", "", pair[0].lower()) not in unknown)
