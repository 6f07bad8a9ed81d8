"""The documents' own examples, from a real client through the service to the sandbox and back."""

import httpx
import networkx as nx

from harness.settings import CONTAINER

LINEAGE = "urn:adsk.wipprod:dm.lineage:hC6k4hndRWaeIVhIjvHu8w"
ISSUE = f"autodesk-bim360-issue@{CONTAINER}:issue:bd17903c-7d3b-4e56-a79f-4cea00d430db"


def test_the_domain_of_the_threatwinds_document(caller: httpx.Client) -> None:
    """`acescency.com` is related to the one threat its document shows, with that row's attributes."""
    answer = caller.get("/graph/observable:domain:acescency.com").json()
    threat = next(node for node in answer["nodes"] if node["hop"] == 1)
    assert threat["id"] == "threatwinds:threat:expansion on 123@123.com"
    assert threat["attributes"]["threatwinds"] == {
        "accuracy": 1,
        "reputation": -2,
        "tags": [],
        "threat": "expansion on 123@123.com",
        "updated_at": "2023-04-13T06:49:43.218143Z",
    }
    assert answer["graph"]["complete"] is True
    assert [edge["relation"] for edge in answer["edges"]] == ["related_to"]


def test_the_relationship_of_the_autodesk_document(caller: httpx.Client) -> None:
    """The documented record is found from either end, with its times and flags."""
    record = "74b70bb8-8802-a1fd-f201-890375a60c8f"
    for end in (
        f"autodesk-bim360-asset@{CONTAINER}:asset:2b95ba7a-3df5-4e99-a693-9c7cc15ee8c0",
        f"autodesk-bim360-documentmanagement@{CONTAINER}:documentlineage:{LINEAGE}",
    ):
        answer = caller.get("/graph", params={"node": end}).json()
        edge = next(e for e in answer["edges"] if e["provenance"][0]["record"] == record)
        assert edge["created_at"] == "2015-10-21T16:32:22Z"
        assert edge["provenance"][0]["attributes"] == {"is_read_only": True, "is_service": False}
        assert edge["deleted"] is False


def test_an_answer_loads_into_networkx_in_one_line(caller: httpx.Client) -> None:
    """The contract's own line reads an answer, completeness included."""
    answer = caller.get("/graph", params={"node": ISSUE, "hops": 2}).json()
    graph = nx.node_link_graph(
        answer, directed=True, multigraph=True, source="subject", target="object", key="id", edges="edges"
    )
    assert graph.number_of_nodes() == len(answer["nodes"])
    assert graph.number_of_edges() == len(answer["edges"])
    assert graph.graph["complete"] is True
