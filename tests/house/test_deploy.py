"""What is in deploy/ agrees with the code: settings, services, secrets, and the image's recipe."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.registry import installed, load_plugin
from service.caller import make_key
from service.settings import CallerSettings, Ceilings, Settings, load_settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
EXAMPLE = DEPLOY / "relgraph.example.toml"
SECRETS = {
    "secret_keys": "canary-secret-key-of-more-than-32-characters\n",
    "dashboard_key_hash": make_key()[1] + "\n",
    "threatwinds_api_key": "canary-key\n",
    "threatwinds_api_secret": "canary-secret\n",
}


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """Give a copy of the example whose secrets are in a folder that a test can write."""
    for name, text in SECRETS.items():
        (tmp_path / name).write_text(text, "utf-8")
    path = tmp_path / "relgraph.toml"
    path.write_text(EXAMPLE.read_text("utf-8").replace("/run/secrets", str(tmp_path)), "utf-8")
    return path


@pytest.fixture
def compose() -> dict[str, Any]:
    """Give the compose file, read."""
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    return read


def test_the_example_is_right(example: Path) -> None:
    """The example loads as it stands, once its secrets are there."""
    settings = load_settings(example, environ={})
    assert list(settings.sources) == ["threatwinds", "acc"]
    assert list(settings.callers) == ["dashboard"]


def test_the_example_names_every_setting() -> None:
    """Each field of each table is in the example, in force or commented out; nothing else is."""
    text = EXAMPLE.read_text("utf-8")
    named = set(re.findall(r"^(?:# +)?([a-z_]+) = ", text, flags=re.MULTILINE))
    named = {name.removesuffix("_file") if name != "token_file" else name for name in named}
    models = [Settings, CallerSettings, Ceilings, *(load_plugin(kind).settings for kind in installed())]
    fields = {name for model in models for name in model.model_fields}
    tables = {"sources", "callers", "ceilings"}
    assert named == fields - tables


def test_defaults_in_the_example_are_the_defaults(example: Path) -> None:
    """What is commented out as a default of the service's own tables changes nothing when in force."""
    text = example.read_text("utf-8")
    own, sources = text.split("\n[sources.", 1)
    in_force = re.sub(r"^# ([a-z_]+ = )", r"\1", own, flags=re.MULTILINE)
    assert in_force != own
    before = load_settings(example, environ={})
    example.write_text(f"{in_force}\n[sources.{sources}", "utf-8")
    assert load_settings(example, environ={}) == before


def test_compose_runs_two_instances_and_one_store(compose: dict[str, Any]) -> None:
    """Both instances are the same but for their port, and only the sandbox waits for its profile."""
    services = compose["services"]
    first, second = dict(services["relgraph1"]), dict(services["relgraph2"])
    assert first.pop("ports") != second.pop("ports")
    assert first == second
    always = {name for name, service in services.items() if "profiles" not in service}
    assert always == {"relgraph1", "relgraph2", "redis"}
    assert "--maxmemory" in services["redis"]["command"]


def test_compose_hands_over_every_secret_as_a_file(compose: dict[str, Any], example: Path) -> None:
    """The files that the example reads are those that compose mounts, and no variable holds a secret."""
    service = compose["services"]["relgraph1"]
    wanted = set(re.findall(r'^\w+ = "/run/secrets/(\w+)"', EXAMPLE.read_text("utf-8"), flags=re.MULTILINE))
    assert wanted == set(service["secrets"]) == set(compose["secrets"])
    assert compose["configs"]["settings"]["file"] == "./relgraph.example.toml"
    environ = {
        name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value) for name, value in service["environment"].items()
    }
    assert load_settings(example, environ=environ) == load_settings(example, environ={})


def test_the_sandbox_can_stand_in(compose: dict[str, Any], example: Path) -> None:
    """With the sandbox's URLs the same settings are right, plain http being allowed by a variable."""
    names = compose["services"]["relgraph1"]["environment"]
    stand_in = {
        name: "true" if name.endswith("HTTP") else "http://sandbox-threatwinds:9000" for name in names
    }
    assert load_settings(example, environ=stand_in).sources["acc"].settings.allow_plain_http


def test_the_image_is_of_locked_parts_and_runs_as_nobody() -> None:
    """The recipe installs the lock with its hashes, is not root, and asks for its own health."""
    recipe = (DEPLOY / "Dockerfile").read_text("utf-8")
    assert "--require-hashes -r requirements/run.lock" in recipe
    assert re.search(r"^USER [1-9]\d+:[1-9]\d+$", recipe, flags=re.MULTILINE)
    assert "/healthz" in recipe
    assert len(re.findall(r"^FROM ", recipe, flags=re.MULTILINE)) == 2
    version = re.search(r"^FROM python:(\d+\.\d+)-slim", recipe, flags=re.MULTILINE)
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    assert version is not None
    assert tuple(map(int, version[1].split("."))) >= tuple(map(int, wanted.removeprefix(">=").split(".")))
