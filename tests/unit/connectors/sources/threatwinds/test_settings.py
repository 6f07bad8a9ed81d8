"""Settings and the credential in them."""

from typing import Any

import pytest
from pydantic import ValidationError

from connectors.credential import CallerCredential, StaticCredential
from connectors.sources.threatwinds.settings import ThreatWindsSettings, make_credential

PAIR = {"connector": "threatwinds", "api_key": "canary-key", "api_secret": "canary-secret"}
BEARER = {"connector": "threatwinds", "authorization": "Bearer canary-token"}
CALLER = {"connector": "threatwinds", "credentials": "caller"}


def read(table: dict[str, Any]) -> ThreatWindsSettings:
    """Read a settings table."""
    return ThreatWindsSettings.model_validate(table)


def test_the_defaults_are_the_documents() -> None:
    """The host, the group and the dialect are those of the 2023 document."""
    settings = read(PAIR)
    assert settings.base_url == "https://intelligence.threatwinds.com"
    assert (settings.groups, settings.dialect, settings.limit) == ("global", "2023", 1000)


@pytest.mark.parametrize(
    ("table", "mistake"),
    [
        ({**PAIR, **BEARER}, "authorization: cannot go with api_key"),
        ({"connector": "threatwinds", "api_key": "canary-key"}, "api_key: goes with api_secret"),
        ({"connector": "threatwinds", "api_secret": "canary-secret"}, "api_key: goes with api_secret"),
        ({"connector": "threatwinds"}, "give api_key and api_secret, or authorization"),
        ({**PAIR, "credentials": "caller"}, "cannot go with a configured credential"),
        ({**BEARER, "credentials": "caller"}, "cannot go with a configured credential"),
        ({**BEARER, "authorization": "canary-token"}, 'authorization: is "Bearer"'),
        ({**PAIR, "api_key": ""}, "api_key: is visible ASCII"),
        ({**PAIR, "api_secret": "canary\nsecret"}, "api_secret: is visible ASCII"),
        ({**PAIR, "dialect": "2024"}, "dialect"),
        ({**PAIR, "limit": 0}, "limit"),
        ({**PAIR, "limit": 10_001}, "limit"),
        ({**PAIR, "order": "up"}, "order"),
        ({**PAIR, "sort": "a b"}, "sort"),
        ({**PAIR, "groups": ""}, "groups"),
        ({**PAIR, "groups": "a\r\nb: c"}, "groups"),
        ({**PAIR, "groups_in": "body"}, "groups_in"),
        ({**PAIR, "groups_in": "query", "dialect": "2026"}, "does not let clients send groups"),
        ({**PAIR, "types": ["domain"]}, "types: dialect"),
        ({**PAIR, "types": ["domain"], "dialect": "2025", "both_ends_list": True}, "cannot go with types"),
        ({**PAIR, "types": ["hash", "domain"], "dialect": "2025"}, "no ThreatWinds type: hash"),
        ({**PAIR, "connector": "autodesk"}, "connector"),
        ({**PAIR, "colour": "red"}, "colour"),
    ],
)
def test_mistakes_are_named_and_secrets_are_not(table: dict[str, Any], mistake: str) -> None:
    """What cannot be meant is refused in words that repeat no secret."""
    with pytest.raises(ValidationError, match=mistake) as error:
        read(table)
    assert "canary" not in str(error.value)


def test_all_mistakes_are_told_at_once() -> None:
    """One reading tells everything that is wrong between the fields."""
    with pytest.raises(ValidationError) as error:
        read({"connector": "threatwinds", "api_key": "a b", "authorization": "x", "types": ["hash"]})
    told = str(error.value)
    for mistake in ("cannot go with", "goes with", "visible ASCII", '"Bearer"', "cannot restrict", "hash"):
        assert mistake in told


@pytest.mark.parametrize(
    ("table", "place"),
    [
        (CALLER, "query"),
        ({**CALLER, "groups_in": "header"}, "header"),
        ({**CALLER, "groups_in": "none"}, "none"),
        ({**CALLER, "dialect": "2025"}, "none"),
        ({**CALLER, "dialect": "2026", "groups_in": "none"}, "none"),
    ],
)
def test_groups_go_where_the_dialect_takes_them(table: dict[str, Any], place: str) -> None:
    """Only 2023 takes groups from a client, and the settings say where."""
    assert read(table).groups_place == place


def test_a_key_pair_is_two_headers() -> None:
    """Calls are signed with both, and the identity is neither."""
    credential = make_credential(read(PAIR))
    assert isinstance(credential, StaticCredential)
    assert credential.headers == (("api-key", "canary-key"), ("api-secret", "canary-secret"))
    assert "canary" not in repr(credential)


def test_a_bearer_is_one_header() -> None:
    """The configured text is sent as it is."""
    credential = make_credential(read(BEARER))
    assert isinstance(credential, StaticCredential)
    assert credential.headers == (("authorization", "Bearer canary-token"),)
    assert "canary" not in repr(credential)


def test_identities_tell_credentials_apart() -> None:
    """Another key is another identity; the same key with a new secret is the same one."""
    rotated = make_credential(read({**PAIR, "api_secret": "new"}))
    other = make_credential(read({**PAIR, "api_key": "other"}))
    own = make_credential(read(PAIR))
    assert isinstance(own, StaticCredential)
    assert isinstance(rotated, StaticCredential)
    assert isinstance(other, StaticCredential)
    assert own.identity == rotated.identity != other.identity


def test_callers_bring_their_own() -> None:
    """Nothing is configured, nothing is signed with."""
    assert make_credential(read(CALLER)) == CallerCredential()
