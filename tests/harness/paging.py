"""Follows an answer from page to page and folds what came into one answer."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from service.api.about import describe
from service.usecases.answer.answering import Answer

Json = dict[str, Any]


class Folding:
    """Pages of one answer, taken one after the other; each is held to what is true of every page."""

    def __init__(self) -> None:
        """Start before the first page."""
        self.pages: list[Json] = []
        self.nodes: dict[str, Json] = {}
        self.edges: dict[str, Json] = {}

    @property
    def cursor(self) -> str | None:
        """Give the newest page's `next_cursor`; None at the end."""
        cursor: str | None = self.pages[-1]["graph"]["next_cursor"]
        return cursor

    @property
    def complete(self) -> bool:
        """Give what the newest page says of all of them together."""
        return bool(self.pages[-1]["graph"]["complete"])

    def take(self, page: Json) -> None:
        """Fold a page in; AssertionError when it brings anything twice, or amends what nobody holds."""
        about = page["graph"]
        assert ("amended" in about) is bool(self.pages), "every page but the first tells what has changed"
        amended = about.get("amended", {"nodes": [], "edges": []})
        for held, new, changed in (
            (self.nodes, page["nodes"], amended["nodes"]),
            (self.edges, page["edges"], amended["edges"]),
        ):
            _fold(held, new, changed)
        ends = {edge[end] for edge in page["edges"] for end in ("subject", "object")}
        assert ends <= self.nodes.keys(), "an edge leads nowhere"
        assert about["spent"]["nodes"] == len(page["nodes"])
        assert about["spent"]["edges"] == len(page["edges"])
        assert about["next_cursor"] is None or len(about["next_cursor"]) <= 1024
        assert about["next_cursor"] is None or not about["complete"]
        self.pages.append(page)

    @property
    def whole(self) -> Json:
        """Give the one answer that the pages so far are, without what only says how it came about."""
        sources = self.pages[-1]["graph"]["sources"]
        kept = ("name", "outcome", "outcomes", "undecided")
        return {
            "nodes": dict(sorted(self.nodes.items())),
            "edges": {key: _timeless(edge) for key, edge in sorted(self.edges.items())},
            "sources": {each["name"]: {part: each[part] for part in kept} for each in sources},
            "about": {
                part: self.pages[-1]["graph"][part]
                for part in ("seed", "requested", "selection", "seed_known", "complete")
            },
        }


def as_json(answer: Answer) -> Json:
    """Write an answer of the use cases as its caller gets it."""
    records = answer.page.records
    return {"graph": describe(answer), "nodes": records.nodes, "edges": records.edges}


def follow(ask: Callable[[str | None], Json], *, most: int) -> Folding:
    """Ask page after page until there is no cursor; AssertionError after `most` pages."""
    folding = Folding()
    folding.take(ask(None))
    while folding.cursor is not None:
        assert len(folding.pages) < most, f"no end after {most} pages"
        folding.take(ask(folding.cursor))
    return folding


async def follow_slowly(ask: Callable[[str | None], Awaitable[Json]], *, most: int) -> Folding:
    """Do as `follow`, where asking has to be awaited."""
    folding = Folding()
    folding.take(await ask(None))
    while folding.cursor is not None:
        assert len(folding.pages) < most, f"no end after {most} pages"
        folding.take(await ask(folding.cursor))
    return folding


def _fold(held: dict[str, Json], new: list[Json], changed: list[Json]) -> None:
    for record in new:
        assert record["id"] not in held, f"{record['id']} comes twice"
        held[record["id"]] = record
    fresh = {record["id"] for record in new}
    for record in changed:
        assert record["id"] in held.keys() - fresh, f"{record['id']} is no record of an earlier page"
        assert _timeless(record) != _timeless(held[record["id"]]), f"{record['id']} has not changed"
        held[record["id"]] = record


def _timeless(record: Mapping[str, Any]) -> Json:
    """Leave out when a relation was fetched, which differs from one fetching to the next."""
    if "provenance" not in record:
        return dict(record)
    return {**record, "provenance": [{**word, "fetched_at": None} for word in record["provenance"]]}
