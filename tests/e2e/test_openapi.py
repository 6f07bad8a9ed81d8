"""The OpenAPI document against the running service: what it promises is what is answered."""

import copy
import json
import re
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

from harness.place import DOMAIN, DROPPER, NOBODY
from harness.process import Process

Json = dict[str, Any]

KEY = "acescency.com"
# What is right only together with something else.
NOT_ALONE = ("to", "paths", "table", "cursor", "plan")
OF_HTTP = {"date", "content-length", "content-type", "transfer-encoding"}

ANSWERS = {
    "a node": "/graph/observable:domain:acescency.com",
    "two hops": "/graph/observable:domain:acescency.com?hops=2&max_nodes=30",
    "a selection": "/graph/autodesk@f0f4f36a-ac64-687f-b132-8efe04b22454?max_nodes=20&deleted=include",
    "nothing asked": "/graph/threatwinds:domain:acescency.com?hops=0",
    "a path": f"/graph/{DOMAIN}?to={quote(DROPPER)}&paths=2",
    "no path": f"/graph/{DOMAIN}?to={quote(NOBODY)}&require=none",
    "explained": f"/graph/{DOMAIN}?explain=identity&identity=asserted",
    "planned": f"/graph/{DOMAIN}?hops=2&plan=true&timeout=9",
    "measured": f"/graph/{DOMAIN}?hops=2&measures=degree,pagerank,communities,components,betweenness",
    "sources": "/sources",
    "resolved": "/resolve?q=hxxps://acescency[.]com/x",
    "health": "/healthz",
    "readiness": "/readyz",
}
PROBLEMS = {
    "invalid-node": "/graph/x:y:",
    "invalid-cursor": "/graph/observable:domain:acescency.com?cursor=x",
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
        if "properties" in schema:
            schema["additionalProperties"] = False
    return Draft202012Validator({"$ref": f"#/components/schemas/{shape}", "components": components})


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    """Give every path with its operation."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method} {path}", operation


@pytest.mark.parametrize("path", ANSWERS.values(), ids=ANSWERS)
def test_a_real_answer_has_the_documented_shape(caller: httpx.Client, document: Json, path: str) -> None:
    """Every field of it is documented, and every documented field is there."""
    answer = caller.get(path)
    assert answer.status_code == 200, answer.text
    shapes = {"/graph": "Answer", "/resolve": "Resolved"}
    shapes |= {"/sources": "SourceList", "/healthz": "Health", "/readyz": "Readiness"}
    shape = next(shape for start, shape in shapes.items() if path.startswith(start))
    shape = "PlannedAnswer" if "plan=true" in path else shape
    strict(document, shape).validate(answer.json())


def test_a_page_has_the_documented_shape(caller: httpx.Client, document: Json) -> None:
    """What goes on with a cursor tells what it amends, in records as whole as any."""
    asked = {"node": DOMAIN, "hops": "2", "max_nodes": "5"}
    reply = caller.get("/graph", params=asked)
    told = document["paths"]["/graph"]["get"]["responses"]["200"]["headers"]
    assert set(reply.headers) - OF_HTTP <= {name.lower() for name in told}
    first = reply.json()
    second = caller.get("/graph", params=asked | {"cursor": first["graph"]["next_cursor"]}).json()
    assert "amended" not in first["graph"]
    assert second["graph"]["amended"]["nodes"]
    for answer in (first, second):
        strict(document, "Answer").validate(answer)


def test_what_is_posted_has_the_documented_shape(caller: httpx.Client, document: Json) -> None:
    """Many seeds, and many texts."""
    several = caller.post("/graph", json={"nodes": [DOMAIN, NOBODY, DOMAIN], "measures": ["degree"]})
    strict(document, "Answer").validate(several.json())
    assert [seed["seed_known"] for seed in several.json()["graph"]["seeds"]] == [True, False, True]
    texts = caller.post("/resolve", json={"q": ["acescency.com", "nothing we know"]})
    strict(document, "ResolvedList").validate(texts.json())


@pytest.mark.parametrize("method", ["get", "post"])
def test_every_media_type_is_served_as_documented(caller: httpx.Client, document: Json, method: str) -> None:
    """By its name in `Accept`, in the documented shape, and as in the example but for times and costs."""
    content = document["paths"]["/graph"][method]["responses"]["200"]["content"]
    assert len(content) == 8
    for name, media in content.items():
        headers = {"Accept": name}
        if method == "get":
            answer = caller.get("/graph", params={"node": DOMAIN}, headers=headers)
        else:
            answer = caller.post(
                "/graph", json={"nodes": [DOMAIN, f"threatwinds:domain:{KEY}"]}, headers=headers
            )
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, name)
        sent = set(answer.headers) - OF_HTTP
        assert sent <= {n.lower() for n in document["paths"]["/graph"][method]["responses"]["200"]["headers"]}
        example = next(iter(media["examples"].values()))["value"]
        if "x-itemSchema" in media:
            shape = media["x-itemSchema"]["$ref"].rpartition("/")[2]
            for line in answer.text.splitlines():
                strict(document, shape).validate(json.loads(line))
        elif isinstance(example, str):
            assert _lasting(answer.text) == _lasting(example)
        else:
            strict(document, media["schema"]["$ref"].rpartition("/")[2]).validate(answer.json())
            assert _lasting(json.dumps(answer.json())) == _lasting(json.dumps(example))


def test_every_example_of_a_body_works(caller: httpx.Client, document: Json) -> None:
    """What a page for trying requests begins with is answered."""
    tried = 0
    for name, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        for example in content.get("application/json", {}).get("examples", {}).values():
            answer = caller.post(name.removeprefix("post "), json=example["value"])
            assert answer.status_code == 200, answer.text
            tried += 1
    assert tried == 3


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
    for path in (f"/graph/{DOMAIN}", "/resolve", "/sources", "/healthz", "/readyz", "/metrics"):
        route = "/graph/{node}" if path.startswith("/graph") else path
        told = document["paths"][route]["get"]["responses"]["200"]["headers"]
        sent = set(caller.get(path, params={"q": "x"} if path == "/resolve" else {}).headers) - OF_HTTP
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
    for name, operation in operations(document):
        method, _, path = name.partition(" ")
        places = [p for p in operation.get("parameters", []) if p["required"]]
        optional = [p for p in operation.get("parameters", []) if "example" in p]
        if method != "get" or not places:
            continue
        (place,) = places
        for example in place["examples"].values():
            for chosen in ([], *([each] for each in optional), optional):
                query = {p["name"]: _spelled(p["example"]) for p in chosen if p["in"] == "query"}
                headers = {p["name"]: p["example"] for p in chosen if p["in"] == "header"}
                if place["in"] == "query":
                    query[place["name"]] = example["value"]
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

    At the bounds of each parameter, whatever it allows is accepted too, but for what needs another one.
    Fuzzing also finds what no schema tells: a window whose end is before its beginning, a ref that is
    base64 of no address, how many paths without where to.
    """
    documented = copy.deepcopy(document)
    for name, operation in operations(documented):
        # It stands for what any address may answer, and would excuse everything.
        del operation["responses"]["default"]
        if "fuzzing" not in arguments:
            # The three ways to send an address share their parameters: one of them is enough.
            kept = [p for p in operation.get("parameters", []) if p["required"] or "/graph/" not in name]
            operation["parameters"] = [each for each in kept if each["name"] not in NOT_ALONE]
    if "fuzzing" not in arguments:
        for name in NOT_ALONE:
            del documented["components"]["schemas"]["GraphRequest"]["properties"][name]
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(documented), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", str(file), "--url", service.url]
    command += ["--generation-deterministic", "--max-examples", "40", "--no-color", "--warnings", "off"]
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
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, list) else str(value)


def _lasting(text: str) -> str:
    """Leave out of a text what differs from one answer to the next: times and costs."""
    passing = "fetched_at|calls|cached|age_seconds|milliseconds"
    quotes = r'(["\\]|&quot;)'
    return re.sub(rf"({passing}){quotes}+: ?{quotes}*[0-9TZ:.-]+", r"\1", text)
