"""Tests of the request headers that have a meaning here."""

from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from connectors.contract import Freshness, Pace
from connectors.credential import Scheme
from connectors.errors import InvalidParameterError
from connectors.settings import Visibility
from service.api.header import CREDENTIALS, read_credentials, read_tolerance
from service.cache.freshness import UNLIMITED, Tolerance
from service.usecases.source import Access, Source, UpstreamCredential

NO_FLOOR = timedelta(0)
LATIN = st.text(st.characters(max_codepoint=255))


class Unasked:
    """A connector nobody asks anything."""


def source(name: str, *schemes: Scheme) -> Source:
    """Give a source that takes these schemes from its callers."""
    return Source(
        name=name,
        connector=Unasked(),  # type: ignore[arg-type]
        freshness=Freshness(),
        pace=Pace(),
        visibility=Visibility.CREDENTIAL,
        schemes=frozenset(schemes),
        admit=lambda _: Access("nobody", None),
    )


SOURCES = (source("acc", Scheme.BEARER), source("tw", Scheme.BEARER, Scheme.KEY_PAIR), source("own"))


def headers(*pairs: tuple[str, str]) -> Headers:
    """Give headers as they come off the wire."""
    return Headers(raw=[(name.lower().encode(), value.encode("latin-1")) for name, value in pairs])


def tolerance(*values: str, max_age: timedelta | None = None, floor: timedelta = NO_FLOOR) -> Tolerance:
    """Read one or several `Cache-Control` lines."""
    return read_tolerance(headers(*(("Cache-Control", v) for v in values)), max_age=max_age, floor=floor)


def seconds(number: int) -> timedelta:
    """Give a duration."""
    return timedelta(seconds=number)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", Tolerance()),
        ("no-cache", Tolerance(max_age=seconds(0))),
        ("max-age=60", Tolerance(max_age=seconds(60))),
        ('Max-Age="60"', Tolerance(max_age=seconds(60))),
        ("max-age=5, max-age=9", Tolerance(max_age=seconds(5))),
        ("max-age=60, no-cache", Tolerance(max_age=seconds(0))),
        ("max-stale", Tolerance(max_stale=UNLIMITED)),
        ("max-stale=7", Tolerance(max_stale=seconds(7))),
        ("stale-if-error=8", Tolerance(stale_if_error=seconds(8))),
        ("only-if-cached , x=y,,", Tolerance(only_if_cached=True)),
        ("max-age=0099", Tolerance(max_age=seconds(99))),
        (f"max-age={'9' * 5000}", Tolerance(max_age=seconds(999_999_999))),
    ],
)
def test_cache_control_is_read_in_https_words(value: str, expected: Tolerance) -> None:
    """Unknown directives are ignored, of one given twice the first counts, no number is too large."""
    assert tolerance(value) == expected


def test_several_lines_are_one_list() -> None:
    """As HTTP has it."""
    assert tolerance("max-age=5", "max-stale=6") == Tolerance(max_age=seconds(5), max_stale=seconds(6))


def test_the_parameter_wins_and_the_floor_is_handed_on() -> None:
    """The parameter over the header; what the operator's floor comes to is judged with each source's ttl."""
    assert tolerance("no-cache", max_age=seconds(9)) == Tolerance(max_age=seconds(9))
    assert tolerance("no-cache", floor=seconds(5)) == Tolerance(max_age=seconds(0), least_max_age=seconds(5))
    assert tolerance(floor=seconds(5)) == Tolerance(least_max_age=seconds(5))


@pytest.mark.parametrize("name", ["max-age", "stale-if-error", "max-stale"])
@pytest.mark.parametrize("number", ["=", "=-1", "=1.5", "=x", "=\xb2"])
def test_a_directive_needs_its_number(name: str, number: str) -> None:
    """A known one with anything else is an error that names the header."""
    with pytest.raises(InvalidParameterError) as caught:
        tolerance(f"{name}{number}")
    assert caught.value.field == "Cache-Control"


@given(LATIN)
def test_any_cache_control_is_read_or_refused(value: str) -> None:
    """Nothing else comes of it."""
    try:
        read_tolerance(headers(("Cache-Control", value)), max_age=None, floor=NO_FLOOR)
    except InvalidParameterError as error:
        assert error.field == "Cache-Control"  # noqa: PT017 - the property holds for whichever way it ends


def test_credentials_are_read_by_source() -> None:
    """Schemes in any case, values without the spaces around them, over several lines."""
    found = read_credentials(
        headers((CREDENTIALS, 'acc="bearer  a.b-c "'), (CREDENTIALS, 'tw="KeyPair k:s:t";x=1')),
        sources=SOURCES,
    )
    assert found == {
        "acc": UpstreamCredential(Scheme.BEARER, "a.b-c"),
        "tw": UpstreamCredential(Scheme.KEY_PAIR, "k:s:t"),
    }
    assert read_credentials(headers(), sources=SOURCES) == {}
    assert read_credentials(headers((CREDENTIALS, ""), (CREDENTIALS, "  ")), sources=SOURCES) == {}


@pytest.mark.parametrize(
    "value",
    [
        "canary",
        'acc="Bearer canary',
        'acc="canary"',
        'acc="Bearer "',
        'acc="KeyPair canary:canary"',
        'tw="KeyPair canary"',
        'tw="KeyPair :canary"',
        'own="Bearer canary"',
        'canary="Bearer canary"',
        "acc=canary",
        "acc=:Y2FuYXJ5:",
        'acc=("Bearer canary")',
        'acc=%"Bearer canary%c3%a9"',
        'acc="Bearer canary\xe9"',
    ],
)
def test_wrong_credentials_are_refused_without_the_value(value: str) -> None:
    """Neither the error nor what it came from shows a piece of what was sent."""
    with pytest.raises(InvalidParameterError) as caught:
        read_credentials(headers((CREDENTIALS, value)), sources=SOURCES)
    assert caught.value.field == CREDENTIALS
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(st.one_of(LATIN, st.builds("acc={}".format, LATIN), st.builds('tw="{}"'.format, LATIN)))
@example("a=@99999999999999")
@example('a=%"%ff"')
def test_any_credentials_are_read_or_refused(value: str) -> None:
    """Nothing else comes of them."""
    try:
        found = read_credentials(headers((CREDENTIALS, value)), sources=SOURCES)
    except InvalidParameterError as error:
        assert error.field == CREDENTIALS  # noqa: PT017 - the property holds for whichever way it ends
    else:
        assert found.keys() <= {"acc", "tw"}
