"""The settings table: what is taken, and one sentence for each mistake."""

import traceback
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.sources.autodesk.settings import AutodeskSettings

GUID = "f0f4f36a-ac64-687f-b132-8efe04b22454"
OTHER = "0e1c5f6a-1111-2222-3333-8efe04b22454"
Make = Callable[..., AutodeskSettings]


def _complaint(make: Make, **changes: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        make(**changes)
    return "\n".join(mistake["msg"] for mistake in caught.value.errors())


def test_little_has_to_be_said(make_settings: Make) -> None:
    """Containers and a credential are enough; the rest is as documented."""
    settings = make_settings()
    assert settings.base_url == "https://developer.api.autodesk.com"
    assert settings.region is None
    assert settings.page_limit == 100
    assert settings.intersect is True
    assert settings.requests_per_minute == 120
    assert settings.scope == "data:read"
    assert settings.token_endpoint == "https://developer.api.autodesk.com/authentication/v2/token"


def test_containers_are_read_in_order_and_in_lower_case(make_settings: Make) -> None:
    """A list, or text with commas as the environment gives it, or the word any."""
    assert make_settings(containers=[GUID.upper(), OTHER]).containers == (GUID, OTHER)
    assert make_settings(containers=f"{OTHER}, {GUID}").containers == (OTHER, GUID)
    assert make_settings(containers="any").containers == "any"


def test_every_wrong_container_is_named_at_once(make_settings: Make) -> None:
    """A project id, a doubled one and nonsense are three mistakes of one table."""
    complaint = _complaint(make_settings, containers=[GUID, f"b.{OTHER}", GUID.upper(), "x"])
    assert 'leave out the "b."' in complaint
    assert f"'{GUID}': listed twice" in complaint
    assert "'x': a container is a GUID" in complaint


@pytest.mark.parametrize(("containers", "told"), [([], "at least one"), (7, "a list"), ([7], "a list")])
def test_containers_are_a_list_of_at_least_one(make_settings: Make, containers: Any, told: str) -> None:
    """No container, or something that is none, is a mistake."""
    assert told in _complaint(make_settings, containers=containers)


@pytest.mark.parametrize(
    "changes", [{"region": "APAC"}, {"page_limit": 101}, {"page_limit": 0}, {"colour": "red"}]
)
def test_values_out_of_range_and_unknown_names_are_mistakes(make_settings: Make, changes: Any) -> None:
    """APAC was replaced by AUS, a page has at most 100 rows, and nothing is ignored."""
    assert _complaint(make_settings, **changes)


REFRESH = {"authorization": None, "refresh_token": "canary-refresh", "client_id": "app"}
ACCOUNT = {
    "authorization": None,
    "service_account_id": "robot",
    "key_id": "k1",
    "private_key": "-----BEGIN PRIVATE KEY-----\ncanary",
    "client_id": "app",
    "client_secret": "canary-secret",
}
CALLER = {"authorization": None, "credentials": "caller"}


@pytest.mark.parametrize(
    "changes",
    [{}, REFRESH, REFRESH | {"client_secret": "canary"}, REFRESH | {"token_file": "t"}, ACCOUNT, CALLER],
)
def test_there_are_three_ways_to_sign_in_and_the_callers_own(make_settings: Make, changes: Any) -> None:
    """A bearer token, a refresh token with or without a client secret, a service account, or none."""
    assert make_settings(**changes)


@pytest.mark.parametrize(
    ("changes", "mistakes"),
    [
        ({"authorization": None}, ["credentials: give authorization, or refresh_token"]),
        ({"authorization": None, "client_id": "app"}, ["credentials: give authorization"]),
        (REFRESH | {"authorization": "Bearer x"}, ["only one of authorization, refresh_token"]),
        (ACCOUNT | {"refresh_token": "r"}, ["only one of refresh_token, a service account"]),
        (REFRESH | {"client_id": None}, ["client_id: needed with refresh_token"]),
        (
            {"authorization": None, "key_id": "k1"},
            [
                "service_account_id: needed with a service account",
                "private_key: needed with a service account",
                "client_id: needed with a service account",
                "client_secret: needed with a service account",
            ],
        ),
        (ACCOUNT | {"token_file": "t"}, ["token_file: of no use with a service account"]),
        (
            {"client_id": "app", "client_secret": "canary"},
            ["client_id: of no use with authorization", "client_secret: of no use with authorization"],
        ),
        (
            {"credentials": "caller", "client_id": "app"},
            [
                'authorization: cannot go with credentials = "caller"',
                'client_id: cannot go with credentials = "caller"',
            ],
        ),
        ({"authorization": "canary"}, ['authorization: write "Bearer ", then the token']),
        ({"authorization": "Bearer a\r\nb: c"}, ['authorization: write "Bearer ", then the token']),
        (ACCOUNT | {"private_key": "canary"}, ["private_key: a PEM text begins with -----BEGIN"]),
        ({"token_url": "ftp://x/token"}, ["token_url: not an http or https URL"]),
        (
            {"token_url": "http://elsewhere.test/token"},
            ["token_url: plain http goes only to where base_url goes"],
        ),
        (
            REFRESH | {"client_id": None, "token_url": "nonsense"},
            ["client_id: needed with refresh_token", "token_url: not an http or https URL"],
        ),
    ],
)
def test_mixed_and_half_given_ways_are_mistakes(
    make_settings: Make, changes: Any, mistakes: list[str]
) -> None:
    """Each mistake is a sentence that begins with the setting to mend, and all come at once."""
    complaint = _complaint(make_settings, **changes)
    assert [mistake for mistake in mistakes if mistake not in complaint] == []


def test_tokens_come_from_where_the_service_is_unless_said(make_settings: Make) -> None:
    """A path in the base URL is kept, and a token URL of one's own stands above it."""
    assert make_settings(base_url="https://proxy.test/aps/").token_endpoint == (
        "https://proxy.test/aps/authentication/v2/token"
    )
    local = make_settings(base_url="http://127.0.0.1:9", token_url="http://127.0.0.1:9/token")
    assert local.token_endpoint == "http://127.0.0.1:9/token"


@pytest.mark.parametrize("changes", [{"authorization": "canary"}, ACCOUNT | {"private_key": "canary-key"}])
def test_no_mistake_quotes_a_secret(make_settings: Make, changes: Any) -> None:
    """Neither the error's text nor its traceback shows what was typed."""
    with pytest.raises(ValidationError) as caught:
        make_settings(**changes)
    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_settings_do_not_print_their_secrets(make_settings: Make) -> None:
    """The repr of every way to sign in is free of its secrets."""
    shown = "".join(repr(make_settings(**changes)) for changes in ({}, REFRESH, ACCOUNT))
    assert "canary" not in shown
