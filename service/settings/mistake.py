"""Every mistake in a table of settings at once, each with its place, none with a value.

pydantic checks a model's rules only once all its fields are right, and stops at the first rule
broken. The operator wants the whole list, so what is wrong is mended in thought and the rest is
looked at again. A wrong field is mended in every way that could be meant (each permitted choice,
some text, left out), and a further mistake counts only if it is there after each of them: one that
the right value might heal is not told.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from difflib import get_close_matches
from itertools import islice, product
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from service.settings.shape import holds, permitted

M = TypeVar("M", bound=BaseModel)
Mistake = tuple[str, str]

_LEFT_OUT = object()
_SOME_TEXT = "some text"
# Rules look at the URL of every source: it has to be a right one for the others to be reached.
_STAND_INS: Mapping[str, Any] = MappingProxyType({"base_url": "https://localhost"})
_PLAIN_WORDS = {
    "missing": "missing",
    "dict_type": "has to be a table",
    "model_type": "has to be a table",
    "model_attributes_type": "has to be a table",
}
# A table with several wrong choices is mended in so many ways at most.
_WAYS = 32


def read_model(
    model: type[M], table: Mapping[str, Any], *, unknown: frozenset[str] = frozenset()
) -> tuple[M | None, Sequence[Mistake]]:
    """Read a table as `model`: give it, or None and every mistake as (dotted field, what is wrong).

    The field is empty when a mistake belongs to the table as a whole. `unknown` names fields whose
    value is given and could not be read: told elsewhere, and no reason for a mistake here.
    """
    if not unknown:
        try:
            return model.model_validate(dict(table)), ()
        except ValidationError:
            pass
    return None, tuple(_search_mended(model, table, names=unknown, mended=frozenset()))


def _search_mended(
    model: type[BaseModel], table: Mapping[str, Any], *, names: AbstractSet[str], mended: frozenset[str]
) -> list[Mistake]:
    """Give the mistakes that stay whichever way the fields in `names` are mended."""
    order = sorted(names)
    ways = islice(product(*(_mendings(model, name) for name in order)), _WAYS)
    tables = (_mend(table, dict(zip(order, way, strict=True))) for way in ways)
    searches = [_search(model, each, mended=mended.union(names)) for each in tables]
    first, *others = [mistakes for mistakes in searches if mistakes is not None] or [[]]
    return [mistake for mistake in first if all(mistake in other for other in others)]


def _search(
    model: type[BaseModel], table: Mapping[str, Any], *, mended: frozenset[str]
) -> list[Mistake] | None:
    """Give the mistakes beside those in the fields mended; None when the mending itself was wrong."""
    try:
        model.model_validate(dict(table))
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False)
        told = list(dict.fromkeys(mistake for each in details for mistake in _told(model, each)))
    else:
        return []
    found = [mistake for mistake in told if _field(mistake) not in mended]
    if not found:
        # A field that is wrong by itself was mended wrongly; a rule may just not like the stand-in,
        # and then nothing is known about what else is wrong.
        return None if any(each["loc"] for each in details) else []
    blamed = {_field(mistake) for mistake in found} - {""}
    deeper = _search_mended(model, table, names=blamed, mended=mended) if blamed else []
    return found + [mistake for mistake in deeper if mistake not in found]


def _mendings(model: type[BaseModel], name: str) -> list[Any]:
    if name in _STAND_INS:
        return [_STAND_INS[name]]
    field = model.model_fields.get(name)
    if field is None:
        return [_LEFT_OUT]
    ways = list(permitted(field))
    if holds(field, str) or holds(field, SecretStr):
        ways.append(_SOME_TEXT)
    if not field.is_required():
        ways.append(_LEFT_OUT)
    return ways


def _mend(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**table, **changes}.items() if value is not _LEFT_OUT}


def _field(mistake: Mistake) -> str:
    return mistake[0].partition(".")[0]


def _told(model: type[BaseModel], details: ErrorDetails) -> Iterator[Mistake]:
    place, what = details["loc"], details["msg"].removeprefix("Value error, ")
    where = ".".join(str(part) for depth, part in enumerate(place) if depth == 0 or _is_place(part))
    if details["type"] == "extra_forbidden":
        near = get_close_matches(str(place[-1]), model.model_fields, n=1) if len(place) == 1 else ()
        yield where, "there is no such setting" + (f"; did you mean {near[0]}?" if near else "")
    elif where:
        yield where, _PLAIN_WORDS.get(details["type"], what)
    else:
        # A rule over several fields writes the one that it blames in front of each of its mistakes.
        names = "|".join(map(re.escape, model.model_fields))
        for mistake in re.split(rf"; (?=(?:{names}): )", what):
            blamed, colon, rest = mistake.partition(": ")
            yield (blamed, rest) if colon and blamed in model.model_fields else ("", mistake)


def _is_place(part: int | str) -> bool:
    """Tell a key or an index from pydantic's own words for a branch of a union."""
    return isinstance(part, int) or not (part.endswith("]") or part in {"str", "int", "float", "bool"})
