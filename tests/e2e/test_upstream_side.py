"""What reaches the upstreams: the query forms of the Autodesk document, addresses, regions, sign-ins."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from harness.asking import ANEW, Asker, ids_of, node_of, source_of
from harness.board import Board
from harness.place import DOMAIN, DOMAIN_ID, EMEA, ISSUE, SECOND, THREAT
from harness.plain import client_of
from harness.process import Process, start_service
from harness.proxy import Proxy
from harness.settings import CONTAINER, autodesk, threatwinds, write_settings

DOMAIN_OF_ISSUES, DOMAIN_OF_ASSETS = "autodesk-bim360-issue", "autodesk-bim360-asset"
GUID = ISSUE.rpartition(":")[2]
ASSET_GUID = "2b95ba7a-3df5-4e99-a693-9c7cc15ee8c0"
OTHER_END = {"with_namespace": DOMAIN_OF_ASSETS}
# CONTRACT section 1 and the document's query semantics: address, parameters, what is to be asked.
FORMS: tuple[tuple[str, dict[str, str], dict[str, str]], ...] = (
    (f"autodesk@{CONTAINER}", {}, {}),
    (f"{DOMAIN_OF_ISSUES}@{CONTAINER}", {}, {"domain": DOMAIN_OF_ISSUES}),
    (f"{DOMAIN_OF_ISSUES}@{CONTAINER}:issue", {}, {"domain": DOMAIN_OF_ISSUES, "type": "issue"}),
    (ISSUE, {}, {"domain": DOMAIN_OF_ISSUES, "type": "issue", "id": GUID}),
    (
        ISSUE,
        OTHER_END,
        {"domain": DOMAIN_OF_ISSUES, "type": "issue", "id": GUID, "withDomain": DOMAIN_OF_ASSETS},
    ),
    (
        ISSUE,
        OTHER_END | {"with_type": "asset"},
        {
            "domain": DOMAIN_OF_ISSUES,
            "type": "issue",
            "id": GUID,
            "withDomain": DOMAIN_OF_ASSETS,
            "withType": "asset",
        },
    ),
    (
        ISSUE,
        OTHER_END | {"with_type": "asset", "with_key": ASSET_GUID},
        {
            "domain": DOMAIN_OF_ISSUES,
            "type": "issue",
            "id": GUID,
            "withDomain": DOMAIN_OF_ASSETS,
            "withType": "asset",
            "withId": ASSET_GUID,
        },
    ),
    (
        f"{DOMAIN_OF_ISSUES}@{CONTAINER}:issue",
        OTHER_END | {"with_type": "asset"},
        {"domain": DOMAIN_OF_ISSUES, "type": "issue", "withDomain": DOMAIN_OF_ASSETS, "withType": "asset"},
    ),
    (
        ISSUE,
        {"deleted": "include"},
        {"domain": DOMAIN_OF_ISSUES, "type": "issue", "id": GUID, "includeDeleted": "true"},
    ),
    (
        ISSUE,
        {"deleted": "only"},
        {
            "domain": DOMAIN_OF_ISSUES,
            "type": "issue",
            "id": GUID,
            "includeDeleted": "true",
            "onlyDeleted": "true",
        },
    ),
    (
        ISSUE,
        {"created_after": "2015-10-21T18:30:45+02:00", "created_before": "2030-01-01T00:00:00Z"},
        {
            "domain": DOMAIN_OF_ISSUES,
            "type": "issue",
            "id": GUID,
            "createdAfter": "2015-10-21T16:30:45Z",
            "createdBefore": "2030-01-01T00:00:00Z",
        },
    ),
)


@pytest.fixture(scope="module")
def gateway(threatwinds_sandbox: Process) -> Iterator[Proxy]:
    """Put a gateway with a path before the ThreatWinds sandbox."""
    proxy = Proxy(threatwinds_sandbox.url, prefix="/intelligence/v9")
    yield proxy
    proxy.close()


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory,
    threatwinds_sandbox: Process,
    autodesk_sandbox: Process,
    gateway: Proxy,
) -> Iterator[Process]:
    """Serve both upstreams, signed in and reached in different ways."""
    feed, construction = threatwinds_sandbox.url, autodesk_sandbox.url
    pair = {"authorization": None, "api_key": "sandbox-demo-key", "api_secret": "sandbox-demo-secret"}
    sources: dict[str, Any] = {
        "bearer": threatwinds(feed),
        "keypair": threatwinds(feed, **pair),
        "behind": threatwinds(f"{gateway.url}/"),
        "lent": threatwinds(feed, credentials="caller", authorization=None),
        "acc": autodesk(construction, containers=[CONTAINER, SECOND]),
        "emea": autodesk(construction, containers=[EMEA], region="EMEA"),
        "own": autodesk(construction, credentials="caller", containers="any"),
    }
    config = tmp_path_factory.mktemp("upstream-side") / "relgraph.toml"
    process = start_service(write_settings(config, redis_url="embedded", store_timeout="5s", sources=sources))
    yield process
    process.end()


@pytest.fixture
def asker(running: Process) -> Iterator[Asker]:
    """Give a client of that service."""
    with client_of(running.url, timeout=30) as client:
        yield Asker(client)


@pytest.fixture
def feed(threatwinds_sandbox: Process) -> Board:
    """Give the ThreatWinds sandbox, its journal empty."""
    board = Board(threatwinds_sandbox.url)
    board.forget()
    return board


@pytest.fixture
def construction(autodesk_sandbox: Process) -> Board:
    """Give the Autodesk sandbox, its journal empty."""
    board = Board(autodesk_sandbox.url)
    board.forget()
    return board


@pytest.mark.parametrize(("node", "parameters", "asked"), FORMS)
def test_the_query_forms_of_the_document(
    asker: Asker, construction: Board, node: str, parameters: dict[str, str], asked: dict[str, str]
) -> None:
    """Full and partial addresses and filters become exactly the document's query parameters."""
    answer = asker.graph(node, sources="acc", headers=ANEW, **parameters)
    first, *further = construction.calls()
    assert (first["method"], first["path"].rpartition("/")[2]) == ("GET", "relationships:search")
    told = dict(first["query"])
    assert told.pop("pageLimit") == "100"
    assert told == asked
    assert len(told) + 1 == len(first["query"])
    assert all(
        dict(call["query"]).keys() - told.keys() <= {"pageLimit", "continuationToken"} for call in further
    )
    assert source_of(answer, "acc")["outcome"] == "ok"
    assert answer["graph"]["selection"] is (node != ISSUE)


def test_several_nodes_are_asked_about_in_one_call(asker: Asker, construction: Board) -> None:
    """The second hop goes through intersect, with the filters it knows; times are judged here."""
    parameters = {"hops": 2, "deleted": "only", "created_after": "2015-01-01T00:00:00Z"}
    asker.graph(f"{DOMAIN_OF_ISSUES}@{SECOND}:issue", sources="acc", headers=ANEW, **parameters)
    searches = [call for call in construction.calls() if call["path"].endswith(":search")]
    others = [call for call in construction.calls() if call["path"].endswith(":intersect")]
    assert len(searches) == 1
    assert others
    assert all(1 < len(call["nodes"]) <= 20 for call in others)
    names = {name for call in others for name, _ in call["query"]}
    assert names <= {"includeDeleted", "onlyDeleted", "pageLimit", "continuationToken"}
    assert {"includeDeleted", "onlyDeleted"} <= names


@pytest.mark.parametrize(
    ("sent", "canonical"),
    [
        (f"threatwinds:entity:{DOMAIN_ID}", DOMAIN),
        (f"threatwinds:entity:{DOMAIN_ID.upper().replace('DOMAIN', 'domain')}", DOMAIN),
        ("threatwinds:domain:acescency.com", DOMAIN),
        ("threatwinds:domain:ACESCENCY.com", DOMAIN),
        ("observable:domain:AcesCency.COM", DOMAIN),
        ("threatwinds:threat:Expansion ON 123@123.com", THREAT),
    ],
)
def test_all_forms_of_an_address_mean_the_canonical_one(asker: Asker, sent: str, canonical: str) -> None:
    """A native id, the source's own form and any spelling lead to one and the same node."""
    reply = asker.reply(sent, sources="bearer")
    answer = reply.json()
    assert (answer["graph"]["seed"], answer["graph"]["requested"]) == (canonical, sent)
    assert answer["nodes"] == asker.graph(canonical, sources="bearer")["nodes"]
    ref = node_of(answer, canonical)["ref"]
    assert reply.headers["Content-Location"].startswith(f"/graph/~{ref}")
    assert asker.client.get(f"/graph/~{ref}", params={"sources": "bearer"}).json()["nodes"] == answer["nodes"]


def test_an_id_whose_value_is_altered_stays_an_id(asker: Asker, feed: Board) -> None:
    """A value that does not hash to its id is no address: the node keeps its id, the value is its label."""
    world = feed.world()
    forged = next(entity for entity in world["entities"] if entity["altered"])
    address = f"threatwinds:entity:{forged['id']}"
    answer = asker.graph(address, sources="bearer")
    assert answer["graph"]["seed"] == address
    assert node_of(answer, address)["label"] == forged["shown_value"]
    neighbor = next(node["id"] for node in answer["nodes"] if node["hop"] == 1)
    assert address in ids_of(asker.graph(neighbor, sources="bearer"))


def test_one_thing_has_one_address_in_an_answer(asker: Asker, feed: Board) -> None:
    """Asked about by its true value, a node does not come back from its neighbors under its id as well."""
    forged = next(entity for entity in feed.world()["entities"] if entity["altered"])
    by_id = asker.graph(f"threatwinds:entity:{forged['id']}", sources="bearer", hops=2)
    by_value = asker.graph(f"threatwinds:{forged['type']}:{forged['value']}", sources="bearer", hops=2)
    assert by_id["graph"]["seed"] in node_of(by_value, by_value["graph"]["seed"])["aliases"]
    assert len(by_value["nodes"]) == len(by_id["nodes"])
    assert len(by_value["edges"]) == len(by_id["edges"])


@pytest.mark.parametrize(
    "key",
    ["domain-xyz", DOMAIN_ID[:-1], f"No_Type-{DOMAIN_ID.rpartition('-')[2]}", DOMAIN_ID.rpartition("-")[2]],
)
def test_what_is_no_native_id_is_no_address(asker: Asker, key: str) -> None:
    """Anything but a known type, a hyphen and 64 hexadecimal digits is 400 invalid-node."""
    assert asker.problem(f"threatwinds:entity:{key}")["type"] == "/problems/invalid-node"


def test_an_id_that_nobody_knows_is_an_unknown_node(asker: Asker) -> None:
    """A well-formed native id without an entity is a 404."""
    problem = asker.problem(f"threatwinds:entity:domain-{'0' * 64}", sources="bearer")
    assert (problem["status"], problem["type"]) == (404, "/problems/unknown-node")


def test_an_address_without_tenant(asker: Asker, caller: httpx.Client) -> None:
    """With one container it is completed; with two it is ambiguous, and the problem lists the choices."""
    plain = f"{DOMAIN_OF_ISSUES}:issue:{GUID}"
    alone = Asker(caller).graph(plain)
    assert (alone["graph"]["seed"], alone["graph"]["requested"]) == (ISSUE, plain)
    problem = asker.problem(plain, sources="acc")
    assert (problem["status"], problem["type"]) == (400, "/problems/ambiguous-node")
    assert problem["choices"] == sorted(f"{DOMAIN_OF_ISSUES}@{c}:issue:{GUID}" for c in (CONTAINER, SECOND))
    assert ids_of(Asker(caller).graph(f"{DOMAIN_OF_ISSUES}:issue", max_nodes=3, sources="acc"))


def test_an_unlisted_tenant_is_unknown(asker: Asker) -> None:
    """A container that is not configured is a 404 that names what is accepted; letter case is no matter."""
    problem = asker.problem(f"{DOMAIN_OF_ISSUES}@{EMEA}:issue:{GUID}", sources="acc")
    assert (problem["status"], problem["type"]) == (404, "/problems/unknown-node")
    upper = ISSUE.replace(CONTAINER, CONTAINER.upper())
    assert asker.graph(upper, sources="acc")["graph"]["seed"] == ISSUE
    assert asker.problem("nobody:thing:x")["type"] == "/problems/unknown-node"


def test_the_region_is_told(asker: Asker, construction: Board) -> None:
    """Each source sends its region; a container is found only in its own."""
    world = construction.world()["containers"][EMEA]["relationships"]
    end = world[0]["entities"][0]
    node = f"{end['domain']}@{EMEA}:{end['type']}:{end['id']}"
    assert asker.graph(node, sources="emea", deleted="include", headers=ANEW)["edges"]
    asker.graph(ISSUE, sources="acc", headers=ANEW)
    # A call that an earlier test's answer did not wait for may come as late as this.
    for container, region in ((EMEA, "EMEA"), (CONTAINER, "US")):
        assert {call["headers"]["x-ads-region"] for call in construction.calls(container)} == {region}


def test_the_path_of_a_base_url_is_kept(asker: Asker, gateway: Proxy) -> None:
    """Calls go below the path that the base URL carries, and nowhere else."""
    gateway.paths.clear()
    answer = asker.graph(THREAT, sources="behind", hops=1, headers=ANEW)
    assert (len(answer["edges"]), answer["graph"]["complete"]) == (8, True)
    assert gateway.paths
    assert all(path.startswith("/intelligence/v9/api/search/v1/entity/") for path in gateway.paths)


@pytest.mark.parametrize(("source", "account"), [("bearer", "demo"), ("keypair", "demo-keypair")])
def test_both_ways_to_sign_in_at_threatwinds(asker: Asker, feed: Board, source: str, account: str) -> None:
    """A bearer token and a key pair are each sent as documented."""
    assert source_of(asker.graph(DOMAIN, sources=source, headers=ANEW), source)["outcome"] == "ok"
    assert {call["caller"] for call in feed.calls()} == {account}


@pytest.mark.parametrize(
    ("credential", "account"),
    [("Bearer sandbox-demo-token", "demo"), ("KeyPair sandbox-demo-key:sandbox-demo-secret", "demo-keypair")],
)
def test_a_caller_brings_a_credential_to_threatwinds(
    asker: Asker, feed: Board, credential: str, account: str
) -> None:
    """What the caller sends is passed on, in either scheme."""
    sent = ANEW | {"Upstream-Credentials": f'lent="{credential}"'}
    assert source_of(asker.graph(DOMAIN, sources="lent", headers=sent), "lent")["outcome"] == "ok"
    assert {call["caller"] for call in feed.calls()} == {account}


@pytest.mark.parametrize("user", ["ines", "marc"])
def test_a_caller_brings_a_credential_to_autodesk(asker: Asker, construction: Board, user: str) -> None:
    """Each caller asks as himself; with `containers = "any"` the credential decides."""
    sent = ANEW | {"Upstream-Credentials": f'own="Bearer sandbox-bearer-of-{user}"'}
    assert len(asker.graph(ISSUE, sources="own", headers=sent)["edges"]) == 6
    assert {call["caller"] for call in construction.calls()} == {user}


@pytest.mark.parametrize(
    "sent",
    [
        'nobody="Bearer canary-of-a-secret"',
        'acc="Bearer canary-of-a-secret"',
        'own="Basic canary-of-a-secret"',
        'own="canary-of-a-secret"',
        "own=canary-of-a-secret",
        'own="Bearer canary-of-a-secret',
        'own="KeyPair canary:of-a-secret"',
        "own",
    ],
)
def test_a_wrong_credential_header_is_refused_unquoted(asker: Asker, sent: str) -> None:
    """An unknown name, scheme or form is a 400 about the header that repeats nothing of it."""
    reply = asker.reply(ISSUE, sources="own", headers={"Upstream-Credentials": sent})
    problem = reply.json()
    assert (reply.status_code, problem["errors"][0]["field"]) == (400, "Upstream-Credentials")
    assert "canary" not in reply.text
