"""What a source signs its calls with."""

from collections.abc import Callable
from pathlib import Path

from connectors.credential import (
    CallerCredential,
    RefreshCredential,
    Scheme,
    ServiceAccountCredential,
    StaticCredential,
)
from connectors.sources.autodesk import PLUGIN
from connectors.sources.autodesk.settings import AutodeskSettings

Make = Callable[..., AutodeskSettings]
PEM = "-----BEGIN PRIVATE KEY-----\ncanary"
TOKEN_URL = "https://developer.api.autodesk.com/authentication/v2/token"


def test_a_bearer_token_is_sent_as_it_is(make_settings: Make) -> None:
    """The identity tells two tokens apart and holds neither."""
    one = PLUGIN.credential(make_settings())
    other = PLUGIN.credential(make_settings(authorization="Bearer another-canary"))
    assert isinstance(one, StaticCredential)
    assert isinstance(other, StaticCredential)
    assert one.headers == (("authorization", "Bearer canary-token"),)
    assert one.identity != other.identity
    assert "canary" not in f"{one!r}{other!r}"


def test_a_refresh_token_stands_for_one_login(make_settings: Make) -> None:
    """Another configured token is another user's login, so it does not find what the first fetched."""

    def credential(token: str) -> RefreshCredential:
        settings = make_settings(authorization=None, refresh_token=token, client_id="app", token_file="/t")
        made = PLUGIN.credential(settings)
        assert isinstance(made, RefreshCredential)
        return made

    one, other = credential("canary-1"), credential("canary-2")
    assert one == RefreshCredential(
        identity=one.identity,
        token_url=TOKEN_URL,
        client_id="app",
        client_secret=None,
        refresh_token="canary-1",
        scope="data:read",
        token_file=Path("/t"),
    )
    assert one.identity.startswith("app refresh ")
    assert one.identity == credential("canary-1").identity != other.identity
    assert "canary" not in repr(one)


def test_a_service_account_signs_with_its_key(make_settings: Make) -> None:
    """Everything the signed assertion needs is there, under the account's name."""
    credential = PLUGIN.credential(
        make_settings(
            authorization=None,
            service_account_id="robot",
            key_id="k1",
            private_key=PEM,
            client_id="app",
            client_secret="canary-secret",
            scope="data:read data:write",
        )
    )
    assert credential == ServiceAccountCredential(
        identity="robot",
        token_url=TOKEN_URL,
        client_id="app",
        client_secret="canary-secret",
        account_id="robot",
        key_id="k1",
        private_key=PEM,
        scope="data:read data:write",
    )
    assert "canary" not in repr(credential)


def test_callers_bring_a_bearer_token(make_settings: Make) -> None:
    """Nothing is configured, and no other scheme is taken."""
    assert PLUGIN.credential(make_settings(authorization=None, credentials="caller")) == CallerCredential()
    assert PLUGIN.caller_schemes == {Scheme.BEARER}
