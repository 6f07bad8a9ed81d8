"""The OpenAPI document against the running service: what it promises is what is answered."""

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

import httpx
import pytest
from jsonschema_rs import Draft202012Validator

from harness.process import Process

Json = dict[str, Any]

ANSWERS = {
    "a node": "/graph/observable:domain:acescency.com",
    "two hops": "/graph/observable:domain:acescency.com?hops=2&max_nodes=30",
    "a selection": "/graph/autodesk@f0f4f36a-ac64-687f-b132-8efe04b22454?max_nodes=20&deleted=include",
    "nothing asked": "/graph/threatwinds:domain:acescency.com?hops=0",
    "sources": "/sources",
    "health": "/healthz",
    "readiness": "/readyz",
}
PROBLEMS = {
    "invalid-node": "/graph/x:y:",
    "invalid-parameter": "/graph/x:y:z?hops=9&plan=true",
    "unknown-source": "/graph/x:y:z?sources=nobody",
    "unknown-node": "/graph/threatwinds:text:nobody-knows-this",
    "sources-failed": "/graph/observable:domain",
    "not-found": "/nothing",
    "uri-too-long": f"/graph/{'x' * 20_000}",
}


@pytest.fixture(scope="module")
def document(service: Process) -> Json:
    """Give the document as the service sends it."""
    loaded: Json = httpx.get(f"{service.url}/openapi.json").raise_for_status().json()
    return loaded


def strict(document: Json, shape: str) -> Draft202012Validator:
    """Give a validator of a documented shape that takes no field which is not documented."""
    components = copy.deepcopy(document["components"])
    for schema in components["schemas"].values():
        schema["additionalProperties"] = False
    return Draft202012Validator({"$ref": f"#/components/schemas/{shape}", "components": components})


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    """Give every path with its operation."""
    for path, item in document["paths"].items():
        yield path, item["get"]


@pytest.mark.parametrize("path", ANSWERS.values(), ids=ANSWERS)
def test_a_real_answer_has_the_documented_shape(caller: httpx.Client, document: Json, path: str) -> None:
    """Every field of it is documented, and every documented field is there."""
    answer = caller.get(path)
    assert answer.status_code == 200, answer.text
    shapes = {"/graph": "Answer", "/sources": "SourceList", "/healthz": "Health", "/readyz": "Readiness"}
    shape = next(shape for start, shape in shapes.items() if path.startswith(start))
    strict(document, shape).validate(answer.json())


@pytest.mark.parametrize(("slug", "path"), PROBLEMS.items())
def test_a_real_problem_has_the_documented_shape(
    caller: httpx.Client, document: Json, slug: str, path: str
) -> None:
    """So has every problem, and its kind is among those documented."""
    problem = caller.get(path)
    assert problem.json()["type"] == f"/problems/{slug}"
    strict(document, "Problem").validate(problem.json())


def test_headers_are_documented(caller: httpx.Client, document: Json) -> None:
    """Every header of an answer but those of HTTP itself is documented on its route."""
    of_http = {"date", "content-length", "content-type"}
    for path in ("/graph/observable:domain:acescency.com", "/sources", "/healthz", "/readyz"):
        route = "/graph/{node}" if path.startswith("/graph") else path
        told = document["paths"][route]["get"]["responses"]["200"]["headers"]
        sent = set(caller.get(path).headers) - of_http
        assert sent <= {name.lower() for name in told}


def test_the_example_answer_is_a_real_one(caller: httpx.Client, document: Json) -> None:
    """The first example body is what the sandbox really gives, but for times and cost."""
    media = document["paths"]["/graph/{node}"]["get"]["responses"]["200"]["content"]["application/json"]
    told = copy.deepcopy(media["examples"]["complete"]["value"])
    real = caller.get("/graph/observable:domain:acescency.com").json()
    for answer in (told, real):
        del answer["graph"]["spent"]
        for report in answer["graph"]["sources"]:
            del report["calls"], report["cached"], report["age_seconds"]
        for edge in answer["edges"]:
            for word in edge["provenance"]:
                del word["fetched_at"]
    assert told == real


def test_every_example_of_a_parameter_works(caller: httpx.Client, document: Json) -> None:
    """Each one alone, and all of them together, are answered, for every example address."""
    for path, operation in operations(document):
        places = [p for p in operation.get("parameters", []) if p["required"]]
        optional = [p for p in operation.get("parameters", []) if not p["required"]]
        if not places:
            continue
        (place,) = places
        for example in place["examples"].values():
            for chosen in ([], *([each] for each in optional), optional):
                query = {p["name"]: _spelled(p["example"]) for p in chosen if p["in"] == "query"}
                headers = {p["name"]: p["example"] for p in chosen if p["in"] == "header"}
                if place["in"] == "query":
                    query["node"] = example["value"]
                url = path.replace(f"{{{place['name']}}}", quote(example["value"], safe=""))
                answer = caller.get(url, params=query, headers=headers)
                assert answer.status_code == 200, (url, query, headers, answer.text)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--phases", "examples,coverage"),
        ("--phases", "fuzzing", "--exclude-checks", "positive_data_acceptance"),
    ],
    ids=["valid", "fuzzed"],
)
def test_schemathesis_finds_nothing(
    service: Process, document: Json, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """No 500, no undocumented answer, nothing accepted that the document forbids.

    At the bounds of each parameter, whatever it allows is accepted too. Fuzzing also finds what no
    schema tells: a window whose end is before its beginning, a ref that is base64 of no address.
    """
    documented = copy.deepcopy(document)
    for _, operation in operations(documented):
        # It stands for what any address may answer, and would excuse everything.
        del operation["responses"]["default"]
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(documented), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", str(file), "--url", service.url]
    command += ["--generation-deterministic", "--max-examples", "60", "--no-color", "--warnings", "off"]
    run = subprocess.run(  # noqa: S603 - our own words
        [*command, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout


class _References(HTMLParser):
    """Collects every address that a page has a browser load, and refuses scripts within it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        assert tag not in ("style", "iframe", "base")
        assert tag != "script" or told.get("src")
        self.found += [value for name, value in attrs if name in ("src", "href") and value]


def test_the_docs_page_asks_nothing_of_another_host(caller: httpx.Client, service: Process) -> None:
    """Everything it loads is served from here, and its policy forbids a browser anything else."""
    page = caller.get("/docs")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert {word for part in policy.values() for word in part.split()} <= {
        "'none'",
        "'self'",
        "'unsafe-inline'",
        "data:",
    }
    references = _References()
    references.feed(page.text)
    assert len(references.found) >= 4
    for reference in references.found:
        url = urljoin(f"{service.url}/docs", reference)
        assert url.startswith(service.url)
        asset = caller.get(url)
        assert asset.status_code == 200, url
        if "/docs/" in url:
            assert asset.headers["x-content-type-options"] == "nosniff"


def test_the_docs_page_shows_the_document(caller: httpx.Client) -> None:
    """Its script hands the document of this service to Swagger UI, and has nobody else validate it."""
    script = caller.get("/docs/start.js").text
    assert 'fetch("openapi.json")' in script
    assert "validatorUrl: null" in script
    assert "://" not in script
    library = caller.get("/docs/swagger-ui-bundle.js")
    assert library.headers["content-type"].startswith("text/javascript")
    assert library.content == (files("fastapi_swagger") / "resources" / "swagger-ui-bundle.js").read_bytes()


def _spelled(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)
