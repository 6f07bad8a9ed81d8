"""The settings of every source: durations, base URLs, and what does not go together."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.settings import SourceSettings, Visibility
from connectors.sources.threatwinds.settings import ThreatWindsSettings


def settings(**table: Any) -> SourceSettings:
    """Make settings of a table, with what none can do without."""
    return SourceSettings.model_validate({"connector": "x", "base_url": "https://example.com", **table})


def mistake(**table: Any) -> str:
    """Give what is said of a wrong table."""
    with pytest.raises(ValidationError) as caught:
        settings(**table)
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("250ms", 0.25), ("90s", 90), ("1.5m", 90), ("1h", 3600), ("7d", 604_800), (30, 30), ("0s", 0)],
)
def test_a_duration_is_a_number_and_a_unit(written: str | int, seconds: float) -> None:
    """Milliseconds to days are read; a bare number is seconds."""
    assert settings(ttl=written).ttl == timedelta(seconds=seconds)


@pytest.mark.parametrize("written", ["", "15", "m", "-1s", "1 h", "1h30m", "1w", "1e3s", "1H"])
def test_other_text_is_no_duration(written: str) -> None:
    """What is not a number and one unit is a mistake that says what would do."""
    assert '"15m"' in mistake(stale_for=written)


@pytest.mark.parametrize("written", [-1, timedelta(seconds=-1)])
def test_no_duration_is_below_zero(written: int | timedelta) -> None:
    """Time does not run backwards."""
    assert "greater than or equal" in mistake(absent_ttl=written)


@given(st.from_regex(r"[0-9]{1,400}(ms|s|m|h|d)", fullmatch=True))
def test_a_duration_of_any_length_is_read_or_refused(written: str) -> None:
    """However many digits, the start ends with a mistake and not with a crash."""
    try:
        assert settings(ttl=written).ttl >= timedelta(0)
    except ValidationError as error:
        assert "ttl" in str(error)  # noqa: PT017 - either outcome is right, and each is checked


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com:8443/a/b/",
        "http://localhost:8000",
        "http://127.0.0.1",
        "http://127.8.8.8:1/a",
        "http://[::1]:9/",
        "https://bücher.example",
    ],
)
def test_a_base_url_may_carry_a_port_and_a_path(url: str) -> None:
    """Encrypted traffic goes anywhere, plain http to this machine, and the text is kept as written."""
    assert settings(base_url=url).base_url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com",
        "https://",
        "https:///path",
        "https://[::1",
        "https://example.com:99999",
        "https://example.com:0",
        "https://example.com:port",
        " https://example.com",
        "https://example.com/a b",
        "https://exam\nple.com",
    ],
)
def test_what_is_no_url_is_a_mistake(url: str) -> None:
    """Another scheme, no host, a port out of range, blanks and line ends are refused."""
    assert "base_url: not an http or https URL" in mistake(base_url=url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/?a=1",
        "https://example.com?",
        "https://example.com#a",
        "https://me:pw@example.com",
        "https://@h",
    ],
)
def test_a_base_url_carries_nothing_else(url: str) -> None:
    """A query, a fragment, and a user with or without a password are refused."""
    assert "no query, fragment or user" in mistake(base_url=url)


@pytest.mark.parametrize("url", ["http://example.com", "http://10.0.0.1", "http://localhost.example.com"])
def test_plain_http_goes_elsewhere_only_when_allowed(url: str) -> None:
    """Credentials do not leave this machine in the clear unless the operator says so."""
    assert "plain http" in mistake(base_url=url)
    assert settings(base_url=url, allow_plain_http=True).base_url == url


def test_what_callers_fetch_is_never_public() -> None:
    """Public visibility cannot go with the callers' own credentials."""
    assert '"public" cannot go' in mistake(visibility="public", credentials="caller")
    assert settings(visibility="public").visibility is Visibility.PUBLIC
    assert settings(visibility="tenant", credentials="caller").visibility is Visibility.TENANT


def test_mistakes_of_all_kinds_are_told_at_once() -> None:
    """The URL's, the visibility's and, in a connector's own settings, those of its credential."""
    with pytest.raises(ValidationError) as caught:
        ThreatWindsSettings.model_validate(
            {
                "connector": "threatwinds",
                "base_url": "http://elsewhere.example",
                "credentials": "caller",
                "visibility": "public",
                "api_key": "key",
            }
        )
    for told in (
        "base_url: plain http",
        "visibility: ",
        "credentials: ",
        "api_key: goes with",
    ):
        assert told in str(caught.value)


@pytest.mark.parametrize(
    "table",
    [
        {"surprise": 1},
        {"requests_per_minute": 0},
        {"concurrency": 0},
        {"concurrency": 1001},
        {"credentials": "none"},
    ],
)
def test_unknown_and_impossible_settings_are_mistakes(table: dict[str, Any]) -> None:
    """A misspelt name or a number out of range is never ignored."""
    assert next(iter(table)) in mistake(**table)


def test_a_mistake_does_not_quote_the_table() -> None:
    """An error about one setting shows nothing of the others, which may be secrets."""
    assert "hunter2" not in mistake(base_url="nonsense", api_key="hunter2")


def test_settings_cannot_be_changed() -> None:
    """What was checked stays as it was."""
    with pytest.raises(ValidationError, match="frozen"):
        settings().base_url = "http://example.com"  # type: ignore[misc]
