"""What a call asks for: page, order and filters read from its query and headers, or a refusal."""

import re
from dataclasses import dataclass

from starlette.datastructures import Headers, QueryParams

from connectors.sandbox.threatwinds.dialect import Dialect, RefusedError
from connectors.sandbox.threatwinds.engine import engine_error
from connectors.sandbox.threatwinds.ordering import NEWEST_FIRST
from connectors.sandbox.threatwinds.setting import Account, ThreatWindsSwitches

DEFAULT_LIMIT = 10
WINDOW = 10_000  # the search engine's: no row beyond it is ever shown or counted
INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
EVERYBODY = {"global": "public"}  # the documented default, a group that no data carries


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Which neighbors count, and in which order; equal views of one entity are equal lists."""

    groups: frozenset[str]
    types: frozenset[str] | None
    only_out: bool
    sort: str
    ascending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A view and the part of it that is wanted; `page` counts from 0 whatever the dialect does."""

    view: View
    limit: int
    page: int

    @property
    def offset(self) -> int:
        """Return how many rows come before the page."""
        return self.page * self.limit


def read_groups(
    query: QueryParams, headers: Headers, *, account: Account, dialect: Dialect
) -> frozenset[str]:
    """Return the groups in whose name the call sees: the caller's own, narrowed by those it names."""
    own = frozenset(account.groups)
    named = query.get("groups") or headers.get("groups")
    if not dialect.takes_groups or not named:
        return own
    return own & {EVERYBODY.get(group, group) for group in _split(named)}


def read_question(
    query: QueryParams,
    headers: Headers,
    *,
    account: Account,
    dialect: Dialect,
    switches: ThreatWindsSwitches,
) -> Question:
    """Return what the call asks for; raise RefusedError (400) for what the upstream cannot answer."""
    order = query.get("order")
    if order not in {None, "asc", "desc"}:
        raise RefusedError(f"order must be asc or desc, not {order}", status=400)
    sort = query.get("sort")
    types = query.get("types") if dialect.takes_types else None
    view = View(
        groups=read_groups(query, headers, account=account, dialect=dialect),
        types=frozenset(_split(types)) if types else None,
        only_out=switches.directions == "out",
        sort=sort or NEWEST_FIRST,
        # Ascending is documented; without a field to sort by, rows come newest first all the same.
        ascending=order == "asc" if order else bool(sort),
    )
    return Question(view=view, limit=_read_limit(query, switches), page=_read_page(query, dialect, switches))


def require_window(question: Question) -> None:
    """Raise RefusedError (400) for a page that reaches past the engine's window."""
    reach = question.offset + question.limit
    if reach > WINDOW:
        reason = f"Result window is too large, from + size must be <= [{WINDOW}] but was [{reach}]"
        raise RefusedError(engine_error("illegal_argument_exception", reason), status=400)


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def _read_integer(query: QueryParams, name: str, default: int) -> int:
    # The router hands on the first of several parameters of one name.
    texts = query.getlist(name)
    if not texts:
        return default
    if INTEGER.fullmatch(texts[0]) is None:
        raise RefusedError(f'{name}: "{texts[0]}" is not an integer', status=400)
    return int(texts[0])


def _read_limit(query: QueryParams, switches: ThreatWindsSwitches) -> int:
    limit = _read_integer(query, "limit", DEFAULT_LIMIT)
    if limit < 1:
        reason = f"[size] parameter must be positive, found [{limit}]"
        raise RefusedError(engine_error("illegal_argument_exception", reason), status=400)
    if limit > switches.max_limit and switches.over_limit == "reject":
        raise RefusedError(f"limit cannot be greater than {switches.max_limit}", status=400)
    return min(limit, switches.max_limit)


def _read_page(query: QueryParams, dialect: Dialect, switches: ThreatWindsSwitches) -> int:
    base = dialect.page_base if switches.page_base is None else switches.page_base
    page = _read_integer(query, "page", base)
    if page == 0 and base == 1 and switches.page_zero_is_one:
        return 0
    if page < base:
        reason = f"[from] parameter cannot be negative, found [{page - base}]"
        raise RefusedError(engine_error("illegal_argument_exception", reason), status=400)
    return page - base
