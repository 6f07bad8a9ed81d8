"""Wrong settings are named, all with exit code 2, and never quoted where they are secret."""

from pathlib import Path
from typing import Any

import pytest

from connectors.testing.canary import canary
from harness.command import run_relgraph
from harness.leak import find_leaks
from harness.settings import autodesk, threatwinds, write_settings
from service.cli import main

SECRET = canary("settings")
SHORT = "sh0rt-1"
SECRETS = {"it": SECRET, "short": SHORT}
BEARER = {"authorization": f"Bearer {SECRET}"}
FEED = {"connector": "threatwinds", "base_url": "https://h"}
STORE = f"redis://:{SECRET}@host"
CLIENT = {"authorization": None, "client_id": "c", "client_secret": SECRET}
ACCOUNT = CLIENT | {"service_account_id": "r", "key_id": "k"}


def feed(**changes: Any) -> dict[str, Any]:
    """Give settings with this one ThreatWinds source."""
    return {"sources": {"feed": FEED | changes}}


def acc(**changes: Any) -> dict[str, Any]:
    """Give settings with this one Autodesk source."""
    return {"sources": {"acc": autodesk("https://h", **changes)}}


WRONG: tuple[tuple[str, dict[str, Any]], ...] = (
    ("redis_url", {"redis_url": f"redis://:{SECRET}@host:port"}),
    ("redis_url", {"redis_url": f"http://:{SECRET}@host"}),
    ("redis_url", {"redis_url": SECRET}),
    ("secret_keys", {"redis_url": STORE}),
    ("secret_keys", {"redis_url": STORE, "secret_keys": [SHORT]}),
    ("secret_keys", {"redis_url": STORE, "secret_keys": SHORT}),
    ("callers.x.key_hash", {"callers.x": {"key_hash": SECRET}}),
    ("callers.x.key", {"callers.x": {"key": SECRET}}),
    ("sources.feed.api_key", feed(api_key=SECRET)),
    ("sources.feed.api_key", feed(api_key=[SECRET], api_secret=SECRET)),
    ("sources.feed.api_secret", feed(api_key=SECRET, api_secret=f"{SECRET} x")),
    ("sources.feed.authorization", feed(authorization=SECRET)),
    ("sources.feed.authorization", feed(authorization=f"Bearer {SECRET}\n")),
    ("sources.feed.api_keyy", feed(api_keyy=SECRET, **BEARER)),
    ("sources.feed.base_url", feed(**BEARER | {"base_url": f"https://x:{SECRET}@h"})),
    ("sources.feed.base_url", feed(**BEARER | {"base_url": f"https://h/?key={SECRET}"})),
    ("sources.acc.private_key", acc(**ACCOUNT, private_key=SECRET)),
    ("sources.acc.credentials", acc(**BEARER, refresh_token=SECRET, client_id="c")),
    ("sources.acc.token_file", acc(**CLIENT, refresh_token=SECRET)),
    ("sources.acc.refresh_token", acc(**CLIENT, refresh_token=["x", SECRET])),
)


def write(tmp_path: Path, settings: dict[str, Any]) -> str:
    """Write these settings, which say the rest as they should, and give the file's path."""
    top = {"redis_url": "embedded", "sources": {"feed": threatwinds("https://h", **BEARER)}}
    return str(write_settings(tmp_path / "relgraph.toml", **top | settings))


def refused(tmp_path: Path, settings: dict[str, Any]) -> str:
    """Give what a start of the service says of these settings, which it has to refuse without a secret."""
    ended = run_relgraph("serve", "--config", write(tmp_path, settings), "--port", "0")
    assert ended.returncode == 2, ended.stderr
    assert find_leaks(ended.stdout + ended.stderr, secrets=SECRETS) == set()
    return ended.stderr


@pytest.mark.parametrize(
    ("named", "settings"), WRONG, ids=[f"{n}-{name}" for n, (name, _) in enumerate(WRONG)]
)
def test_a_wrong_setting_is_named_and_not_quoted(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], named: str, settings: dict[str, Any]
) -> None:
    """Each mistake has its setting's name in front of it, and none of a secret's text.

    The command runs in the test's own process; the tests below start it as one.
    """
    assert main(["check", "--config", write(tmp_path, settings)]) == 2
    said = capfd.readouterr()
    assert find_leaks(said.out + said.err, secrets=SECRETS) == set()
    assert f"relgraph: {named}" in said.err


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Several wrong secrets in several tables, at a start of the service: one list."""
    sources = feed(authorization=SECRET)["sources"] | acc(**ACCOUNT, private_key=SECRET)["sources"]
    said = refused(tmp_path, {"redis_url": STORE, "secret_keys": [SHORT], "sources": sources})
    for named in ("secret_keys", "sources.feed.authorization", "sources.acc.private_key"):
        assert f"relgraph: {named}" in said


def test_a_key_that_cannot_sign_is_a_wrong_setting(tmp_path: Path) -> None:
    """A PEM text with no key in it is refused at the start like any other mistake."""
    pem = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----"
    assert "private_key" in refused(tmp_path, acc(**ACCOUNT, private_key=pem))


def test_a_file_that_cannot_be_read_is_not_quoted(tmp_path: Path) -> None:
    """Broken TOML around a secret; secrets of the environment, and in files, that do not fit their field."""
    path = tmp_path / "relgraph.toml"
    path.write_text(f'[sources.feed]\nconnector = "threatwinds"\napi_key = {SECRET}\n')
    ended = run_relgraph("check", "--config", str(path))
    assert (ended.returncode, find_leaks(ended.stderr, secrets=SECRETS)) == (2, set())
    assert "line 3" in ended.stderr
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET} x")
    path.write_text(
        f'[sources.feed]\nconnector = "threatwinds"\napi_key_file = "{secret}"\napi_secret = "x"\n'
    )
    variables = {"RELGRAPH_SOURCES__ACC__AUTHORIZATION": SECRET, "RELGRAPH_SECRET_KEYS": SHORT}
    variables |= {"RELGRAPH_SOURCES__ACC__CONNECTOR": "autodesk", "RELGRAPH_SOURCES__ACC__CONTAINERS": "any"}
    ended = run_relgraph("check", "--config", str(path), environment=variables)
    assert (ended.returncode, find_leaks(ended.stderr, secrets=SECRETS)) == (2, set())
    for named in ("sources.feed.api_key", "sources.acc.authorization", "secret_keys"):
        assert f"relgraph: {named}" in ended.stderr
