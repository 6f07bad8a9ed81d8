"""The order of rows: newest first, or by a field as the upstream's search engine would sort."""

from collections.abc import Callable, Iterable
from typing import Any

from connectors.sandbox.threatwinds.dialect import RefusedError
from connectors.sandbox.threatwinds.engine import engine_error
from connectors.sandbox.threatwinds.entity import Entity, Plain

NEWEST_FIRST = "@timestamp"
KEYWORD = ".keyword"
ATTRIBUTES = "attributes."

NUMBERS: dict[str, Callable[[Entity], Any]] = {
    NEWEST_FIRST: lambda entity: entity.updated.nanoseconds,
    "lastSeen": lambda entity: entity.last_seen.nanoseconds,
    "reputation": lambda entity: entity.reputation,
    "bestReputation": lambda entity: entity.best_reputation,
    "worstReputation": lambda entity: entity.worst_reputation,
    "accuracy": lambda entity: entity.accuracy,
    "id": lambda entity: entity.id,
}
TEXTS: dict[str, Callable[[Entity], str | None]] = {
    "type": lambda entity: entity.type,
    "tags": lambda entity: min(entity.tags, default=None),
    "visibleBy": lambda entity: min(entity.groups, default=None),
}


def sort_rows(
    entities: Iterable[Entity], *, field: str, ascending: bool, attributes: frozenset[str]
) -> tuple[Entity, ...]:
    """Return the rows sorted by a field, those without it last, equal ones by id.

    `attributes` are the attribute names there are. Raises RefusedError (400, with the engine's own
    words) for an unknown field and for a text field without `.keyword`.
    """
    key = _sort_key(field, attributes)
    by_id = sorted(entities, key=lambda entity: entity.id)
    told = [entity for entity in by_id if key(entity) is not None]
    untold = [entity for entity in by_id if key(entity) is None]
    return (*sorted(told, key=key, reverse=not ascending), *untold)


def _sort_key(field: str, attributes: frozenset[str]) -> Callable[[Entity], Any]:
    if field in NUMBERS:
        return NUMBERS[field]
    plain = field.removesuffix(KEYWORD)
    name = plain.removeprefix(ATTRIBUTES)
    is_attribute = plain.startswith(ATTRIBUTES) and name in attributes
    if plain not in TEXTS and not is_attribute:
        reason = f"No mapping found for [{field}] in order to sort on"
        raise RefusedError(engine_error("query_shard_exception", reason), status=400)
    if plain == field and name not in NUMERIC_ATTRIBUTES:
        reason = f"Text field [{field}] cannot be sorted on; use its keyword field instead"
        raise RefusedError(engine_error("illegal_argument_exception", reason), status=400)
    return TEXTS[plain] if plain in TEXTS else _attribute_key(name)


NUMERIC_ATTRIBUTES = frozenset({"asn", "ip"})  # `ip` has a type of its own in the mapping


def _attribute_key(name: str) -> Callable[[Entity], Any]:
    def attribute(entity: Entity) -> Plain | None:
        return entity.attributes.get(name)

    return attribute
