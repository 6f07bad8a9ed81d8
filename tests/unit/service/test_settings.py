"""The settings as an operator meets them: file, environment, secret files, and every mistake at once."""

import pickle
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.errors import ConfigurationError
from service.caller import make_key
from service.settings import EMBEDDED, Settings, load_settings

CONTAINER = "f0f4f36a-ac64-687f-b132-8efe04b22454"
KEYS = ["canary-first-secret-key-of-32-characters", "canary-second-secret-key-of-32-characters"]
SOURCE = f"""
[sources.acc]
connector = "autodesk"
containers = ["{CONTAINER}"]
credentials = "caller"
"""
SHARED = f'redis_url = "redis://localhost:6379/0"\nsecret_keys = {KEYS}\n'


class Operator:
    """Writes a settings file and loads it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> Path:
        """Write a file and give its path."""
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path

    def load(self, text: str, environ: Mapping[str, str] | None = None) -> Settings:
        """Load settings of this text under this environment."""
        return load_settings(self.write("relgraph.toml", text), environ=environ or {})

    def mistakes(self, text: str, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
        """Load settings that are wrong, and give the mistakes told."""
        with pytest.raises(ConfigurationError) as caught:
            self.load(text, environ)
        return caught.value.mistakes


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    """Give an operator with an empty folder."""
    return Operator(tmp_path)


def test_one_source_is_enough(operator: Operator) -> None:
    """Everything but the sources has a default: the embedded store, made-up keys, the contract's ceilings."""
    settings = operator.load(SOURCE)
    assert settings.redis_url == EMBEDDED
    assert settings.store_timeout == timedelta(milliseconds=250)
    assert settings.tenant_proof == timedelta(minutes=10)
    assert settings.max_age_floor == timedelta(0)
    assert settings.cors_origins == ()
    assert settings.callers == {}
    ceilings = settings.ceilings
    assert (ceilings.max_nodes, ceilings.max_edges) == (50_000, 200_000)
    assert (ceilings.fan_out, ceilings.max_calls) == (10_000, 5_000)
    assert ceilings.timeout == timedelta(seconds=60)


def test_made_up_keys_are_long_and_never_the_same(operator: Operator) -> None:
    """An embedded store without secret keys gets random ones, new at each start."""
    made = {operator.load(SOURCE).secret_keys[0].get_secret_value() for _ in range(3)}
    assert len(made) == 3
    assert all(len(key) >= 32 for key in made)


def test_a_source_knows_its_connector_and_settings(operator: Operator) -> None:
    """A source's table is read by its connector's own model."""
    entry = operator.load(SOURCE).sources["acc"]
    assert (entry.name, entry.kind, entry.plugin.kind) == ("acc", "autodesk", "autodesk")
    assert isinstance(entry.settings, entry.plugin.settings)
    assert entry.settings.credentials == "caller"


def test_settings_travel_to_a_worker(operator: Operator) -> None:
    """A pickled copy equals the original, secrets and sources included."""
    key_hash = make_key()[1]
    settings = operator.load(f'{SHARED}[callers.dashboard]\nkey_hash = "{key_hash}"\n{SOURCE}')
    copy = pickle.loads(pickle.dumps(settings))  # noqa: S301 - our own bytes
    assert copy == settings
    assert copy.sources["acc"].plugin is settings.sources["acc"].plugin


def test_no_secret_is_shown(operator: Operator) -> None:
    """The text of the settings holds neither keys nor credentials, nor a store's password."""
    text = f'redis_url = "redis://:canary-password@localhost"\nsecret_keys = {KEYS}\n' + SOURCE.replace(
        'credentials = "caller"', 'authorization = "Bearer canary-token"'
    )
    assert "canary" not in repr(operator.load(text))


def test_a_variable_wins_over_the_file(operator: Operator) -> None:
    """RELGRAPH_SOURCES__ACC__REGION is the region of [sources.acc], whatever the file says."""
    settings = operator.load(
        f'{SHARED}{SOURCE}region = "US"\n',
        {
            "RELGRAPH_SOURCES__ACC__REGION": "EMEA",
            "RELGRAPH_REDIS_URL": "rediss://elsewhere:6380/1",
            "RELGRAPH_CEILINGS__MAX_NODES": "9",
            "RELGRAPH_STORE_TIMEOUT": "0.5",
            "RELGRAPH_LOG_LEVEL": "debug",
            "PATH": "/bin",
        },
    )
    assert settings.sources["acc"].settings.region == "EMEA"  # type: ignore[attr-defined]
    assert settings.redis_url == "rediss://elsewhere:6380/1"
    assert settings.ceilings.max_nodes == 9
    assert settings.store_timeout == timedelta(milliseconds=500)
    assert settings.log_level == "debug"


def test_everything_can_come_from_the_environment() -> None:
    """No file is needed at all; lists are JSON or comma-separated."""
    key_hash = make_key()[1]
    settings = load_settings(
        None,
        environ={
            "RELGRAPH_REDIS_URL": "unix:///run/redis.sock",
            "RELGRAPH_SECRET_KEYS": ",".join(KEYS),
            "RELGRAPH_CORS_ORIGINS": '["https://one.example", "https://two.example:8443"]',
            "RELGRAPH_CALLERS__DASHBOARD__KEY_HASH": key_hash,
            "RELGRAPH_SOURCES__ACC__CONNECTOR": "autodesk",
            "RELGRAPH_SOURCES__ACC__CONTAINERS": "any",
            "RELGRAPH_SOURCES__ACC__CREDENTIALS": "caller",
        },
    )
    assert [key.get_secret_value() for key in settings.secret_keys] == KEYS
    assert settings.cors_origins == ("https://one.example", "https://two.example:8443")
    assert settings.callers["dashboard"].key_hash == key_hash
    assert settings.sources["acc"].settings.containers == "any"  # type: ignore[attr-defined]


def test_the_environment_may_name_the_file(operator: Operator) -> None:
    """RELGRAPH_CONFIG is where the file is, and no setting."""
    path = operator.write("elsewhere.toml", SOURCE)
    assert list(load_settings(None, environ={"RELGRAPH_CONFIG": str(path)}).sources) == ["acc"]


def test_secrets_come_from_files(operator: Operator) -> None:
    """Any secret's value may be a file's, without its last line break; a list is one per line."""
    keys = operator.write("keys", "\n".join(KEYS) + "\n")
    token = operator.write("token", "Bearer canary-token\r\n")
    key_hash = operator.write("hash", make_key()[1] + "\n")
    source = SOURCE.replace('credentials = "caller"', "")
    settings = operator.load(
        f'redis_url = "redis://localhost"\nsecret_keys_file = "{keys}"\n'
        f'[callers.dashboard]\nkey_hash_file = "{key_hash}"\n{source}',
        {"RELGRAPH_SOURCES__ACC__AUTHORIZATION_FILE": str(token)},
    )
    assert [key.get_secret_value() for key in settings.secret_keys] == KEYS
    authorization = settings.sources["acc"].settings.authorization  # type: ignore[attr-defined]
    assert authorization.get_secret_value() == "Bearer canary-token"
    assert settings.callers["dashboard"].key_hash == key_hash.read_text().strip()


def test_a_setting_whose_own_name_ends_in_file_stays_one(operator: Operator) -> None:
    """`token_file` of a refreshing source is a path to keep, not a secret to read."""
    path = operator.folder / "later.token"
    source = SOURCE.replace(
        'credentials = "caller"',
        f'refresh_token = "canary"\nclient_id = "me"\ntoken_file = "{path}"',
    )
    assert operator.load(SHARED + source).sources["acc"].settings.token_file == path  # type: ignore[attr-defined]


def test_a_secret_given_twice_is_a_mistake(operator: Operator) -> None:
    """A value and a file for one secret leave open which is meant."""
    keys = operator.write("keys", "\n".join(KEYS))
    assert operator.mistakes(f'{SHARED}secret_keys_file = "{keys}"\n{SOURCE}') == (
        "secret_keys_file: cannot go with secret_keys: give one of the two",
    )


def test_a_variable_wins_over_the_file_in_whichever_form_a_secret_is_given(operator: Operator) -> None:
    """A value for the file's path, a path for the file's value; of two variables neither wins."""
    keys, token = operator.write("keys", "\n".join(KEYS)), operator.write("token", "Bearer canary-file\n")
    by_value = SOURCE.replace('credentials = "caller"', 'authorization = "Bearer canary-old"')
    by_path = SOURCE.replace('credentials = "caller"', 'authorization_file = "/nowhere/token"')
    value = {"RELGRAPH_SOURCES__ACC__AUTHORIZATION": "Bearer canary-variable"}
    path = {"RELGRAPH_SOURCES__ACC__AUTHORIZATION_FILE": str(token)}
    for source, environ, expected in (
        (by_path, value, "Bearer canary-variable"),
        (by_value, path, "Bearer canary-file"),
    ):
        settings = operator.load(SHARED + source, environ | {"RELGRAPH_SECRET_KEYS_FILE": str(keys)})
        authorization = settings.sources["acc"].settings.authorization  # type: ignore[attr-defined]
        assert authorization.get_secret_value() == expected
        assert [key.get_secret_value() for key in settings.secret_keys] == KEYS
    assert operator.mistakes(SHARED + by_value, value | path) == (
        "sources.acc.authorization_file: cannot go with authorization: give one of the two",
    )


def test_an_unreadable_secret_is_one_mistake(operator: Operator) -> None:
    """A file that cannot be read is told once; what follows from its absence is not."""
    source = SOURCE.replace('credentials = "caller"', 'authorization_file = "/nowhere/token"')
    assert operator.mistakes(f'redis_url = "redis://h"\nsecret_keys_file = "/nowhere/keys"\n{source}') == (
        "secret_keys_file: cannot read '/nowhere/keys': No such file or directory",
        "sources.acc.authorization_file: cannot read '/nowhere/token': No such file or directory",
    )


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"\n", "is empty"), (b"\xff\xfe", "not a text file"), (b"x" * 70_000, "is larger than 64 KiB")],
)
def test_a_file_that_can_hold_no_secret_is_a_mistake(operator: Operator, content: bytes, what: str) -> None:
    """An empty, binary or huge file is named, and its content is not."""
    path = operator.folder / "secret"
    path.write_bytes(content)
    (mistake,) = operator.mistakes(f'redis_url = "redis://h"\nsecret_keys_file = "{path}"\n{SOURCE}')
    assert mistake.startswith("secret_keys_file: ")
    assert what in mistake


def test_every_mistake_is_told_at_once(operator: Operator) -> None:
    """One start shows all that is wrong, in every table, each with its dotted place."""
    mistakes = operator.mistakes(
        """
        redis_url = "ftp://store"
        secret_keys = ["short"]
        cors_origins = ["https://fine.example", "https://path.example/x"]
        redis_ur = "typo"
        [ceilings]
        max_nodes = "many"
        [callers.dashboard]
        key_hash = "plain"
        [callers."Two Words"]
        key_hash = "plain"
        [sources.Acc]
        connector = "autodesk"
        containers = ["no-guid"]
        region = "MARS"
        base_url = "http://example.com"
        credentials = "caller"
        visibility = "public"
        regoin = "US"
        [sources.other]
        connector = "nobody"
        [sources.unsaid]
        region = "US"
        [sources]
        five = 5
        """,
        {"RELGRAPH_FOO": "1", "RELGRAPH_CEILINGS": "all"},
    )
    places = [mistake.partition(": ")[0] for mistake in mistakes]
    assert sorted(places) == [
        "RELGRAPH_CEILINGS",
        "callers.Two Words",
        "callers.Two Words.key_hash",
        "callers.dashboard.key_hash",
        "ceilings.max_nodes",
        "cors_origins.1",
        "foo",
        "redis_ur",
        "redis_url",
        "secret_keys.0",
        "sources.Acc",
        "sources.Acc.base_url",
        "sources.Acc.containers",
        "sources.Acc.region",
        "sources.Acc.regoin",
        "sources.Acc.visibility",
        "sources.five",
        "sources.other.connector",
        "sources.unsaid.connector",
    ]
    told = dict(mistake.split(": ", 1) for mistake in mistakes)
    assert told["redis_ur"] == "there is no such setting; did you mean redis_url?"
    assert told["foo"] == "there is no such setting (RELGRAPH_FOO)"
    assert "'nobody'" in told["sources.other.connector"]


def test_an_empty_file_says_what_is_needed(operator: Operator) -> None:
    """Without a source there is nothing to serve."""
    assert operator.mistakes("") == ("sources: none is configured; each is a table such as [sources.acc]",)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:6379",
        "http://localhost",
        "redis://",
        "unix://",
        "memory",
        "redis://h:canary",
        "redis://h/0?decode_responses=canary",
        "rediss+cluster://h",
    ],
)
def test_a_store_that_cannot_be_reached_by_its_url_is_a_mistake(operator: Operator, url: str) -> None:
    """Only Redis's URL schemes with somewhere to go, or "embedded", are taken."""
    (mistake,) = operator.mistakes(f'redis_url = "{url}"\nsecret_keys = {KEYS}\n{SOURCE}')
    assert mistake.startswith("redis_url: ")
    assert "canary" not in mistake


@pytest.mark.parametrize(
    "url", ["redis://h", "rediss://h:1/2", "redis+cluster://h:7000", "unix:///run/redis.sock?db=1"]
)
def test_every_kind_of_store_is_taken(operator: Operator, url: str) -> None:
    """Redis by TCP, TLS, cluster and Unix socket."""
    assert operator.load(f'redis_url = "{url}"\nsecret_keys = {KEYS}\n{SOURCE}').redis_url == url


def test_a_shared_store_needs_shared_keys(operator: Operator) -> None:
    """Made-up keys would leave each instance alone with what it stored."""
    (mistake,) = operator.mistakes(f'redis_url = "redis://localhost"\n{SOURCE}')
    assert mistake.startswith("secret_keys: missing")


def test_a_refreshing_source_needs_a_place_to_keep_its_token(operator: Operator) -> None:
    """With the embedded store the successor of a single-use token would be lost at exit."""
    source = SOURCE.replace('credentials = "caller"', 'refresh_token = "canary"\nclient_id = "me"')
    (mistake,) = operator.mistakes(source)
    assert mistake.startswith("sources.acc.token_file: needed")
    assert operator.load(SHARED + source).sources["acc"].name == "acc"


@pytest.mark.parametrize(
    "text", ["redis_url = ", "a = 1\na = 2", 'x = "canary', "[sources.acc\nsecret = 'canary'", "\x00"]
)
def test_what_is_no_toml_is_one_mistake_with_its_place(operator: Operator, text: str) -> None:
    """The file's name and the line are told, and nothing of its content."""
    (mistake,) = operator.mistakes(text)
    assert mistake.startswith(str(operator.folder / "relgraph.toml"))
    assert re.search(r"\(at (line \d+|end of document)", mistake)
    assert "canary" not in mistake


def test_a_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(ConfigurationError, match=r"nothere.toml: No such file or directory"):
        load_settings(tmp_path / "nothere.toml", environ={})


def test_a_file_that_is_no_text_is_a_mistake(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 end as a mistake, not as a crash."""
    path = tmp_path / "relgraph.toml"
    path.write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match="utf-8"):
        load_settings(path, environ={})


@pytest.mark.parametrize(
    "table",
    [
        'secret_keys = ["canary"]',
        'secret_keys = "canary-no-list-of-at-least-32-characters"',
        '[callers.x]\nkey_hash = "canary-hash"',
        '[callers]\nx = "canary-hash"',
        f'[sources.b]\nconnector = "autodesk"\ncontainers = ["{CONTAINER}"]\nauthorization = "canary-bare"',
        '[sources.b]\nconnector = "threatwinds"\napi_key = "canary key"\napi_secret = "canary-secret"',
        '[sources.b]\nconnector = "threatwinds"\napi_key = ["canary-key"]\napi_secret = 7',
        '[sources.b]\nconnector = "threatwinds"\npassword = "canary-password"',
    ],
)
def test_a_mistake_never_shows_a_secret(operator: Operator, table: str) -> None:
    """Whatever is wrong with a secret, its value is in no message."""
    mistakes = operator.mistakes(f"{table}\n{SOURCE}")
    assert mistakes
    assert "canary" not in "\n".join(mistakes)


@pytest.mark.parametrize("variable", ["RELGRAPH_", "RELGRAPH___", "RELGRAPH_SOURCES__ACC", "RELGRAPH___X"])
def test_a_variable_that_names_no_setting_is_a_mistake(operator: Operator, variable: str) -> None:
    """A variable with our prefix is never ignored."""
    assert operator.mistakes(SOURCE, {variable: "1"}) == (f"{variable}: names no setting",)


def test_a_list_that_is_no_json_is_a_mistake(operator: Operator) -> None:
    """A variable that begins like a JSON list has to be one."""
    assert operator.mistakes(SOURCE, {"RELGRAPH_CORS_ORIGINS": "[https://x"}) == (
        'cors_origins: not a JSON list such as ["a", "b"]',
    )
