"""Everything that can be turned at the ThreatWinds sandbox, and what it is when nobody does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from msgspec import Meta

DialectName = Literal["2023", "2025", "2026"]
TagsForm = Literal["null", "list", "absent", "mixed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who may call, what they may see, and the label under which the journal knows them."""

    groups: tuple[str, ...] = ("public",)
    permitted: bool = True
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreatWindsSwitches:
    """The quirks and unknowns of the upstream; the defaults are its 2023 documentation to the letter.

    dialect               which of the documented generations answers
    requests_per_minute   quota of each account; None is unlimited
    throttle_text         what a throttled caller reads; the 2023 status for it is 403, as for a ban
    max_limit, over_limit largest page, and whether a larger `limit` is clamped or refused
    page_base             number of the first page; None is the dialect's own
    page_zero_is_one      a server that counts from 1 answers page 0 like page 1 instead of refusing it
    past_end              a page after the last: an empty list, or the dialect's "absent"
    without_neighbors     a known entity that has none: an empty list, or the dialect's "absent"
    list_name             the field list of the documentation says `result`, its examples `results`
    numbers_as_strings    as the documentation declares `pages`, `items` and `accuracy`; `reputation` too
    tags_form             how `tags` come; mixed differs from entity to entity, always the same for one
    success_status        instead of the dialect's
    directions            whether an entity is told only of relations that start at it
    shrinking             each further page finds one row fewer before it, as if rows were being deleted
    duplicated_rows       each page repeats the last row of the one before, and its own last row
    giant                 port 443/tcp with 25 000 neighbors is there
    accounts              further accounts by bearer token, or "key:secret" for a key pair
    """

    dialect: DialectName = "2023"
    requests_per_minute: Annotated[int, Meta(ge=0)] | None = None
    throttle_text: str = "too many requests"
    max_limit: Annotated[int, Meta(ge=1)] = 1000
    over_limit: Literal["clamp", "reject"] = "clamp"
    page_base: Literal[0, 1] | None = None
    page_zero_is_one: bool = False
    past_end: Literal["empty", "absent"] = "empty"
    without_neighbors: Literal["empty", "absent"] = "empty"
    list_name: Literal["results", "result"] = "results"
    numbers_as_strings: bool = False
    tags_form: TagsForm = "mixed"
    success_status: Annotated[int, Meta(ge=200, le=299)] | None = None
    directions: Literal["both", "out"] = "both"
    shrinking: bool = False
    duplicated_rows: bool = False
    giant: bool = True
    accounts: Mapping[str, Account] = field(default_factory=dict)
