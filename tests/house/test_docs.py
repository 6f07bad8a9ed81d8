"""The documentation agrees with the code: pages made of it, links, decisions, README, changelog."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from jsonschema_rs import Draft202012Validator
from pydantic import BaseModel

from connectors.contract import Connector
from connectors.model import Outcome
from connectors.registry import installed, load_plugin
from connectors.settings import SourceSettings
from service.api.openapi.schema import component_schemas
from service.api.openapi.wording import EVENTS, OUTCOMES, RULES, VERDICTS
from service.api.parameters import GraphParameters
from service.settings import CallerSettings, Ceilings, Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in (
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("deploy/*.md"),
        *ROOT.glob("connectors/**/*.md"),
        *ROOT.glob("tests/**/*.md"),
    )
    if "node_modules" not in path.parts
)
DECISIONS = sorted((ROOT / "docs" / "adr").iterdir())
MODELS = [
    *(Settings, Ceilings, CallerSettings, SourceSettings, GraphParameters),
    *(load_plugin(kind).settings for kind in installed()),
]
LONGEST_README = 120
LONGEST_DECISION = 60


def read(name: str) -> str:
    """Give the text of a file of the project."""
    return (ROOT / name).read_text("utf-8")


def test_pages_made_of_the_code_are_up_to_date() -> None:
    """What `docs/generate.py` would write is what is there; if not, it says how to refresh it."""
    command = [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)  # noqa: S603 - our own
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_setting_and_parameter_says_what_it_means(model: type[BaseModel]) -> None:
    """Each field has a description of its own, or the one that all sources share."""
    shared = SourceSettings.model_fields
    silent = [
        name
        for name, field in model.model_fields.items()
        if not (field.description or (name in shared and shared[name].description))
    ]
    assert silent == []


@pytest.mark.parametrize("page", ["errors.md", "parameters.md", "settings.md", "sources.md"])
def test_no_cell_of_a_made_page_is_empty(page: str) -> None:
    """Every row says what it is about: nothing documented is without a meaning."""
    rows = [line for line in read(f"docs/{page}").splitlines() if line.startswith("| `")]
    assert all(cell.strip() for row in rows for cell in re.split(r"(?<!\\)\|", row)[1:-1])
    assert rows or page == "sources.md"


def test_every_outcome_is_explained() -> None:
    """The words of the documentation are the words that answers use."""
    assert set(OUTCOMES) == set(Outcome)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file or folder that is there."""
    prose = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    targets = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", prose)]
    missing = [t for t in targets if t and not re.match(r"[a-z]+:", t) and not (page.parent / t).exists()]
    assert missing == []


@pytest.mark.parametrize(("language", "shape"), [("json", "Answer"), ("ndjson", "Event")])
def test_answers_shown_have_documented_members_only(language: str, shape: str) -> None:
    """What docs/answers.md shows is a part of what is answered: no member has a name or a kind of its own."""
    schemas = component_schemas()
    for schema in schemas.values():
        schema.pop("required", None)
        if "properties" in schema:
            schema["additionalProperties"] = False
    for kind in ("Meta", "Alias", "Node", "Edge", "Source", "Progress", "Done"):
        schemas[f"{kind}Event"]["required"] = ["event"]
    partial = Draft202012Validator(
        {"$ref": f"#/components/schemas/{shape}", "components": {"schemas": schemas}}
    )
    blocks = re.findall(
        rf"^```{language}\n(.*?)^```", read("docs/answers.md"), flags=re.MULTILINE | re.DOTALL
    )
    shown = [text for block in blocks for text in (block.splitlines() if language == "ndjson" else [block])]
    assert len(shown) >= 5
    for text in shown:
        partial.validate(json.loads(text))


@pytest.mark.parametrize("words", [EVENTS, RULES, VERDICTS], ids=["events", "rules", "verdicts"])
def test_words_of_answers_are_explained(words: Mapping[str, str]) -> None:
    """Each word that the document lists is in docs/answers.md, too."""
    page = read("docs/answers.md")
    assert [word for word in words if f"`{word}`" not in page and f'"event": "{word}"' not in page] == []


def test_the_readme_is_short() -> None:
    """Whoever opens the project reads one page."""
    assert len(read("README.md").splitlines()) <= LONGEST_README


def test_the_readme_names_what_is_there() -> None:
    """Its `make` targets are in the Makefile, and the methods it speaks of are a connector's."""
    readme = read("README.md")
    targets = set(re.findall(r"^make ([a-z]+)", readme, flags=re.MULTILINE))
    assert targets >= {"demo", "test"}
    assert targets <= set(re.findall(r"^([a-z]+):", read("Makefile"), flags=re.MULTILINE))
    chapter = readme.partition("## Adding a source")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z]+)`", chapter))
    assert named == {"claim", "accepts", "ask", "judge", "read"}
    assert all(callable(getattr(Connector, name)) for name in named)


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_is_short_and_weighs_alternatives(decision: Path) -> None:
    """Each record has its number, its four parts and at least two alternatives."""
    text = decision.read_text("utf-8")
    assert re.fullmatch(r"\d{4}(-[a-z0-9]+)+\.md", decision.name)
    assert text.startswith(f"# {decision.name[:4]}. ")
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == [
        "Context",
        "Decision",
        "Alternatives",
        "Consequences",
    ]
    considered = text.partition("## Alternatives")[2].partition("## Consequences")[0]
    assert considered.count("\n- *") > 1
    assert len(text.splitlines()) <= LONGEST_DECISION


def test_decisions_are_numbered_without_a_gap() -> None:
    """No number is missing and none is given twice."""
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_the_changelog_is_written_for_users() -> None:
    """It begins with the version there is, and every entry is a sentence."""
    text = read("CHANGELOG.md")
    newest = re.search(r"^## \[(.+?)\]", text, flags=re.MULTILINE)
    assert newest is not None
    assert newest[1] in {tomllib.loads(read("pyproject.toml"))["project"]["version"], "Unreleased"}
    entries = re.findall(r"^- (.+(?:\n  .+)*)", text, flags=re.MULTILINE)
    assert entries
    assert [entry for entry in entries if not re.match(r"[A-Z`]", entry) or not entry.endswith(".")] == []
