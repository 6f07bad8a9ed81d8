"""Tests of what a question lets through, against a plain reading of its rules."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.autodesk.container import Container
from connectors.sandbox.autodesk.filter import Filter, Pattern
from connectors.sandbox.autodesk.row import End, Entity, Row, parse_instant, render_instant
from connectors.sandbox.autodesk.watermark import START, Watermark, parse_watermark

T0 = parse_instant("2022-03-01T14:17:34.781856+00:00")

parts = st.sampled_from(["a", "b"])
entities = st.builds(Entity, parts, parts, parts)
patterns = st.builds(Pattern, st.none() | parts, st.none() | parts, st.none() | parts)
moments = st.integers(0, 5).map(lambda hours: T0 + timedelta(hours=hours))
filters = st.builds(
    Filter,
    entities=st.lists(patterns, max_size=2).map(tuple),
    with_entities=st.lists(patterns, max_size=2).map(tuple),
    created_after=st.none() | moments,
    created_before=st.none() | moments,
    bounds_count=st.booleans(),
    deleted=st.sampled_from(["exclude", "include", "only"]),
)


@st.composite
def containers(draw: st.DrawFn) -> Container:
    """Draw a container of a few rows between a few entities."""
    drawn = draw(st.lists(st.tuples(entities, entities, moments, st.booleans()), max_size=8))
    rows = [
        Row(
            f"row-{at}",
            render_instant(when),
            (End(one), End(other)),
            deleted_on=render_instant(when) if gone else None,
        )
        for at, (one, other, when, gone) in enumerate(drawn)
    ]
    return Container(id="c", region="US", rows=rows)


@given(container=containers(), asked=filters)
def test_a_row_passes_when_its_ends_match_either_way_round(container: Container, asked: Filter) -> None:
    """The rows picked are those that a plain reading of the rules picks, in listing order."""

    def hits(told: tuple[Pattern, ...], entity: Entity) -> bool:
        wanted = [[mine in (None, its) for mine, its in zip(p, entity, strict=True)] for p in told]
        return not told or any(map(all, wanted))

    def passes(row: Row) -> bool:
        one, other = row.entities
        ways = [(one, other), (other, one)]
        joined = any(hits(asked.entities, x) and hits(asked.with_entities, y) for x, y in ways)
        state = {"exclude": not row.is_deleted, "include": True, "only": row.is_deleted}[asked.deleted]
        edge = asked.bounds_count and row.created_at in (asked.created_after, asked.created_before)
        after = asked.created_after is None or row.created_at > asked.created_after
        before = asked.created_before is None or row.created_at < asked.created_before
        if edge:
            after = asked.created_after is None or row.created_at >= asked.created_after
            before = asked.created_before is None or row.created_at <= asked.created_before
        return joined and state and after and before

    expected = sorted((row for row in container if passes(row)), key=lambda row: row.place)
    assert asked.pick(container) == expected


@given(asked=filters, user=st.text(max_size=5), overwrite=st.booleans(), until=st.none() | moments)
def test_a_sync_token_holds_the_whole_question(
    asked: Filter, user: str, *, overwrite: bool, until: object
) -> None:
    """What a token was written from is what is read back."""
    mark = Watermark("c", user, asked, (START, "x"), T0, until=until, overwrite=overwrite)  # type: ignore[arg-type]  # drawn
    assert parse_watermark(mark.dump()) == mark
