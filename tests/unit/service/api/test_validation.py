"""Tests of the parameters of /graph: texts in, a valid model or every mistake out."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from connectors.contract import Deleted
from service.api.format.media import Format, Table
from service.api.parameters import NODE_FIELDS, Bounds, GraphParameters
from service.api.problems import ParametersError
from service.api.scalar import Moment
from service.api.validation import LISTS, bounds_of, default_of, read_members, read_parameters
from service.graph.assemble import Order
from service.graph.budget import Budget
from service.graph.measure import Measure
from service.graph.rule import Direction
from service.settings import Ceilings, Settings
from service.usecases.request import Identity, Require

BOUNDS = bounds_of(Settings())
CAPPED = Bounds({**BOUNDS.caps, "max_nodes": 50, "timeout": 2.5}, ("threatwinds", "acc"))


def read(bounds: Bounds = CAPPED, **values: str) -> GraphParameters:
    """Read parameters, each given once."""
    return read_parameters({name: [value] for name, value in values.items()}, bounds=bounds)


def mistakes(bounds: Bounds = CAPPED, **values: str) -> dict[str, str]:
    """Give the mistakes in parameters that have some, by field."""
    with pytest.raises(ParametersError) as caught:
        read(bounds, **values)
    return {mistake.field: str(mistake) for mistake in caught.value.mistakes}


def test_the_defaults_are_the_contracts() -> None:
    """Nothing given is the contract's second column."""
    parameters = read(BOUNDS)
    assert parameters.hops == 1
    assert parameters.budget == Budget(500, 2000, 200, 200, timedelta(seconds=10))
    assert parameters.rule.direction is Direction.BOTH
    assert parameters.rule.relations is None
    assert parameters.rule.filter.deleted is Deleted.EXCLUDE
    assert (parameters.require, parameters.identity) == (Require.SOME, Identity.EXACT)
    assert (parameters.sources, parameters.oldest, parameters.format) == (None, None, None)
    assert parameters.node_order == Order("id")


def test_the_ceilings_are_the_contracts() -> None:
    """Unless the operator sets others."""
    assert BOUNDS.caps == {
        "max_nodes": 50_000,
        "max_edges": 200_000,
        "fan_out": 10_000,
        "max_calls": 5_000,
        "timeout": 60,
    }


@pytest.mark.parametrize("name", BOUNDS.caps)
def test_a_ceiling_is_inclusive(name: str) -> None:
    """Exactly the ceiling is accepted, one more is not."""
    cap = BOUNDS.caps[name]
    assert getattr(read(BOUNDS, **{name: f"{cap:g}"}), name) == cap
    assert mistakes(BOUNDS, **{name: str(int(cap) + 1)}) == {name: f"is over the ceiling of {int(cap)}"}


def test_a_lower_ceiling_lowers_the_default() -> None:
    """So that a request without parameters is never over it."""
    assert read().max_nodes == 50
    assert read().timeout == 2.5
    assert default_of("max_nodes", bounds=CAPPED) == 50
    assert default_of("fan_out", bounds=CAPPED) == 200
    assert default_of("hops", bounds=CAPPED) == 1
    assert bounds_of(Settings(ceilings=Ceilings(max_nodes=7))).caps["max_nodes"] == 7


def test_every_mistake_is_told() -> None:
    """Wrong values, ceilings, unknown names and empty ones come together."""
    told = mistakes(hops="9", max_nodes="51", sort="nobody.x", plans="true", fan_out="", created_after="now")
    assert list(told) == ["created_after", "fan_out", "hops", "max_nodes", "plans", "sort"]


def test_no_mistake_repeats_a_value() -> None:
    """What was typed may be a secret in the wrong place."""
    told = mistakes(hops="canary", timeout="canary", direction="canary", sort="canary", canary_free="canary")
    assert "canary" not in "".join(told.values())


@given(st.integers(0, 6))
def test_whole_numbers_are_read(hops: int) -> None:
    """One way to write each."""
    assert read(hops=str(hops)).hops == hops


@pytest.mark.parametrize(
    "text", ["+1", "1_0", " 1", "1 ", "1.0", "1e0", "0x1", "\N{ARABIC-INDIC DIGIT ONE}", "²"]
)
def test_other_spellings_of_a_number_are_refused(text: str) -> None:
    """Though Python's own reader takes most of them."""
    assert set(mistakes(hops=text)) == {"hops"}


@pytest.mark.parametrize("text", ["nan", "inf", "1e1", ".5", "5.", "1,5", "-1", "0.049"])
def test_seconds_are_plain_decimals(text: str) -> None:
    """Neither exponents nor what is no number."""
    assert set(mistakes(timeout=text)) == {"timeout"}


@given(st.floats(0.05, 2.5))
def test_any_float_a_client_prints_is_read(seconds: float) -> None:
    """With all its digits."""
    assert read(timeout=f"{seconds:.20f}").timeout == pytest.approx(seconds)


@given(
    st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)),  # noqa: DTZ001 - its zone follows
    st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_any_time_with_a_zone_is_read(moment: datetime, zone: timezone) -> None:
    """As the same moment in UTC."""
    sent = moment.replace(tzinfo=zone)
    read_back = read(created_after=sent.isoformat()).created_after
    assert read_back == sent
    assert read_back is not None
    assert read_back.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-01",
        "2024-05-01T00:00:00",
        "20240501T000000Z",
        "2024-W18-3T00:00:00Z",
        "2024-05-01T00:00:00Z\0",
    ],
)
def test_a_time_is_whole_and_has_a_zone(text: str) -> None:
    """Anything else could mean several moments."""
    assert set(mistakes(created_before=text)) == {"created_before"}


def test_a_window_is_not_empty() -> None:
    """Its end is after its beginning, whatever the zones."""
    same = {"created_after": "2024-05-01T00:00:00Z", "created_before": "2024-05-01T02:00:00+02:00"}
    assert set(mistakes(**same)) == {"created_before"}
    assert read(created_after=same["created_after"], created_before="2024-05-01T00:00:01Z")


@pytest.mark.parametrize("field", NODE_FIELDS)
def test_nodes_are_sorted_by_their_fields(field: str) -> None:
    """Each of them."""
    assert read(sort=field, order="desc").node_order == Order(field, descending=True)


def test_nodes_are_sorted_by_what_a_source_tells() -> None:
    """The attribute may hold dots itself."""
    assert read(sort="acc.a.b").node_order == Order("a.b", "acc")
    for wrong in ("acc.", "acc", ".x", "ACC.x", "other.x"):
        assert set(mistakes(sort=wrong)) == {"sort"}


def test_max_age_has_no_ceiling() -> None:
    """However large, it means whatever there is."""
    assert read(max_age="0").oldest == timedelta(0)
    assert read(max_age="1.5").oldest == timedelta(seconds=1.5)
    assert read(max_age="9" * 18).oldest == timedelta(seconds=1_000_000_000)


def test_filters_do_not_depend_on_their_order() -> None:
    """The same question has the same cache key."""
    one = read_parameters({"with_type": ["b,a"], "relation": ["y", "x"]}, bounds=BOUNDS)
    two = read_parameters({"with_type": ["a", "b"], "relation": ["x,y"]}, bounds=BOUNDS)
    assert one.rule == two.rule


def test_a_moment_keeps_nothing_of_its_zone() -> None:
    """Its annotation is what the model reads times with."""
    assert GraphParameters.model_fields["created_after"].annotation == (Moment | None)


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
# Of every parameter something that may be right, and now and then something that cannot be.
TEXTS = {
    "hops": st.integers(-1, 8).map(str),
    "sources": st.sampled_from(["acc", "threatwinds", "nobody"]),
    "created_after": st.sampled_from(["2024-05-01T00:00:00Z", "2024-05-01", "5"]),
    "created_before": st.sampled_from(["2024-05-01T00:00:00Z", "2030-01-01T00:00:00+02:00"]),
    "sort": st.sampled_from([*NODE_FIELDS, "acc.x", "acc."]),
    "max_nodes": st.integers(0, 60).map(str),
    "timeout": st.sampled_from(["1", "1.5", "2.51", "1e0", "0.05"]),
    "max_age": st.sampled_from(["0", "60", "0.25", "-1", "9" * 18]),
    "paths": st.integers(0, 17).map(str),
    "measures": st.sampled_from([*Measure, "size"]),
    "format": st.sampled_from([*Format, "xml"]),
    "table": st.sampled_from([*Table, "cells"]),
    "identity": st.sampled_from([*Identity, "guessed"]),
    "explain": st.sampled_from(["identity", "all"]),
    "to": st.sampled_from(["a:b:c", "a"]),
}
SENT = st.fixed_dictionaries(
    {},
    optional={
        name: st.lists(TEXTS.get(name, ANY_TEXT) | ANY_TEXT, min_size=1, max_size=3)
        if name in LISTS
        else TEXTS.get(name, ANY_TEXT) | ANY_TEXT
        for name in (*GraphParameters.model_fields, "plans")
    },
)


def outcome_of(read_them: Callable[[], GraphParameters]) -> GraphParameters | list[tuple[str, str]]:
    """Give what was read, or every mistake: its field and its words."""
    try:
        return read_them()
    except ParametersError as error:
        return [(mistake.field, str(mistake)) for mistake in error.mistakes]


def fields_of(outcome: GraphParameters | list[tuple[str, str]]) -> GraphParameters | list[str]:
    """Give what was read, or the fields of the mistakes."""
    return outcome if isinstance(outcome, GraphParameters) else [field for field, _ in outcome]


@given(SENT)
def test_a_body_says_what_a_query_says(sent: dict[str, str | list[str]]) -> None:
    """The same texts are the same parameters, or the same mistakes, whichever way they are sent."""
    # In a query a comma ends an item, and a body has no other way to be ambiguous.
    sent = {
        name: [item.replace(",", ";") for item in value] if isinstance(value, list) else value
        for name, value in sent.items()
    }
    query = {name: value if isinstance(value, list) else [value] for name, value in sent.items()}
    got = outcome_of(lambda: read_parameters(query, bounds=CAPPED))
    posted = outcome_of(lambda: read_members(sent, bounds=CAPPED))
    assert fields_of(posted) == fields_of(got)


@given(
    st.sampled_from(
        ["hops", "max_nodes", "max_edges", "fan_out", "max_calls", "timeout", "max_age", "paths"]
    ),
    st.integers(-2, 20_001) | st.decimals(0, 100, places=2).map(float),
)
def test_a_number_is_what_its_text_is(name: str, number: float) -> None:
    """Except that JSON knows only one kind of number: 1.0 is 1."""
    extra = {"to": "a:b:c"}
    text = str(int(number)) if number == int(number) else str(number)
    got = outcome_of(lambda: read(**extra | {name: text}))
    posted = outcome_of(lambda: read_members(extra | {name: number}, bounds=CAPPED))
    assert fields_of(posted) == fields_of(got)


@given(
    st.sampled_from(sorted(GraphParameters.model_fields)),
    st.recursive(
        st.none() | st.booleans() | st.just("") | st.just("\ud800"),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
        max_leaves=3,
    ),
)
def test_a_member_is_a_text_a_number_or_a_list_of_texts(name: str, value: object) -> None:
    """Nothing else that JSON has is taken, but for a flag's own two; the mistake has the member's name."""
    assume(not (name == "plan" and isinstance(value, bool)))
    with pytest.raises(ParametersError) as caught:
        read_members({name: value}, bounds=CAPPED)
    assert {mistake.field for mistake in caught.value.mistakes} == {name}


@pytest.mark.parametrize(
    "members",
    [
        {"created_after": 1714521600},
        {"with_key": 5},
        {"to": 5},
        {"cursor": 1.5},
        {"sources": "acc"},
        {"sources": ["acc", 5]},
        {"sort": "acc.\ud800"},
        {"hops": 1.5},
        {"measures": ["size"]},
    ],
    ids=str,
)
def test_members_of_the_wrong_kind_are_refused(members: dict[str, object]) -> None:
    """A number is no time and no text, one text no list, and half a character no text at all."""
    assert [field for field, _ in outcome_of(lambda: read_members(members, bounds=CAPPED))] == [*members]


def test_every_wrong_member_is_told() -> None:
    """Together, by name, as of a query."""
    told = outcome_of(lambda: read_members({"hops": 9, "plans": True, "sort": "x", "to": []}, bounds=CAPPED))
    assert fields_of(told) == ["hops", "plans", "sort", "to"]


def test_what_means_nothing_alone_is_refused_alone() -> None:
    """How many paths, without where to."""
    assert set(mistakes(paths="2")) == {"paths"}
    assert read(paths="2", to="a:b:c").paths == 2


def test_hops_bound_a_path_only_where_they_are_given() -> None:
    """Their default is for neighborhoods."""
    assert read(to="a:b:c").longest is None
    assert read(to="a:b:c", hops="1").longest == 1
    assert read(hops="1").longest is None
