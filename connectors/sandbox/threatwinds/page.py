"""Cut a page out of a list of rows, faithfully or with the faults that real lists have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from connectors.sandbox.faults import FaultRule
from connectors.sandbox.threatwinds.question import WINDOW, Question, require_window
from connectors.sandbox.threatwinds.setting import ThreatWindsSwitches

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPage:
    """Positions in the list of rows, and the totals that the reply tells."""

    items: int
    pages: int
    rows: tuple[int, ...]
    past_end: bool


def cut_page(
    question: Question, *, count: int, switches: ThreatWindsSwitches, rule: FaultRule | None
) -> RowPage:
    """Return which of `count` rows are on the page asked for; raise RefusedError past the window."""
    if rule is not None and (rule.endless_pages or rule.same_token):
        return _endless_page(question, count=count, same=rule.same_token)
    require_window(question)
    gone = min(question.page, count) if switches.shrinking else 0
    items = min(count - gone, WINDOW)
    start = gone + question.offset
    rows = list(range(start, min(start + question.limit, gone + items)))
    if switches.duplicated_rows and rows:
        rows = [*([rows[0] - 1] if question.page else []), *rows, rows[-1]]
    return RowPage(
        items=items,
        pages=-(-items // question.limit),
        rows=tuple(rows),
        past_end=bool(question.page) and not rows,
    )


def _endless_page(question: Question, *, count: int, same: bool) -> RowPage:
    """Return a page after which there is always another: the rows come round again, or stay the same."""
    offset = 0 if same else question.offset
    rows = tuple((offset + step) % count for step in range(min(question.limit, count)))
    pages = question.page + 2
    return RowPage(items=pages * question.limit, pages=pages, rows=rows, past_end=False)


def take(rows: Sequence[R], page: RowPage) -> list[R]:
    """Return the rows of the page."""
    return [rows[at] for at in page.rows]
