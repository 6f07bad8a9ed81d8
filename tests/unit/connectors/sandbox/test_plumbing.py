"""The control endpoints and the journal of a sandbox."""

import asyncio

import httpx


async def test_ready_and_world(toy: httpx.AsyncClient) -> None:
    """The sandbox says that it serves, and all that it knows."""
    assert (await toy.get("/_sandbox/ready")).status_code == 200
    assert (await toy.get("/_sandbox/world")).json() == {"bears": 1}


async def test_switches_are_merged_and_reset(toy: httpx.AsyncClient) -> None:
    """PUT turns a switch for the next call on, DELETE turns all back."""
    put = await toy.put("/_sandbox/switches", json={"greeting": "hi"})
    assert put.json() == {"greeting": "hi", "size": 3}
    assert (await toy.get("/greet")).json()["text"] == "hi"
    assert (await toy.delete("/_sandbox/switches")).json() == {"greeting": "hello", "size": 3}


async def test_what_cannot_be_used_is_400(toy: httpx.AsyncClient) -> None:
    """An unknown switch, a wrong rule and no JSON at all are refused with the reason."""
    unknown = await toy.put("/_sandbox/switches", json={"greating": "hi"})
    assert (unknown.status_code, "greating" in unknown.json()["error"]) == (400, True)
    assert (await toy.put("/_sandbox/switches", content=b"hi")).status_code == 400
    assert (await toy.put("/_sandbox/faults", json=[{"stauts": 500}])).status_code == 400


async def test_faults_are_shown_and_dropped(toy: httpx.AsyncClient) -> None:
    """GET shows rules as PUT took them; after DELETE the upstream behaves."""
    rules = [{"match": "/greet", "status": 500}]
    assert (await toy.put("/_sandbox/faults", json=rules)).json() == rules
    assert (await toy.get("/_sandbox/faults")).json() == rules
    assert (await toy.delete("/_sandbox/faults")).json() == []
    assert (await toy.get("/greet")).status_code == 200


async def test_the_journal_has_no_credential(toy: httpx.AsyncClient) -> None:
    """A call is written down with its caller's label, and neither header nor parameter secrets."""
    canary = "canary-7c1"
    await toy.get(
        "/greet",
        params=[("page", "1"), ("page", "2"), ("api-secret", canary)],
        headers={"authorization": f"Bearer {canary}", "api-key": canary, "groups": "g"},
    )
    journal = await toy.get("/_sandbox/journal")
    assert canary not in journal.text
    assert journal.json()["calls"] == [
        {
            "at": "2026-01-02T03:04:05+00:00",
            "method": "GET",
            "path": "/greet",
            "query": [["page", "1"], ["page", "2"], ["api-secret", "blanked"]],
            "headers": {"accept": "*/*", "groups": "g"},
            "caller": "toddler",
            "status": 200,
            "nodes": ["bear-1"],
        }
    ]


async def test_a_faulted_call_is_in_the_journal_too(toy: httpx.AsyncClient) -> None:
    """The status is the injected one, the caller the one that the upstream can tell without its routes."""
    await toy.put("/_sandbox/faults", json=[{"status": 418}])
    await toy.get("/greet")
    (call,) = (await toy.get("/_sandbox/journal")).json()["calls"]
    assert (call["status"], call["caller"], call["nodes"]) == (418, "passer-by", [])


async def test_control_calls_are_neither_journaled_nor_faulted(toy: httpx.AsyncClient) -> None:
    """A rule that matches everything leaves the control endpoints alone."""
    await toy.put("/_sandbox/faults", json=[{"status": 500}])
    assert (await toy.get("/_sandbox/world")).status_code == 200
    assert (await toy.get("/_sandbox/journal")).json()["total"] == 0


async def test_the_peak_counts_calls_in_flight_together(toy: httpx.AsyncClient) -> None:
    """Five calls at once are a peak of five; clearing the journal starts it again."""
    await toy.put("/_sandbox/faults", json=[{"drip_bytes_per_second": 1000}])
    async with asyncio.TaskGroup() as tasks:
        for _ in range(5):
            tasks.create_task(toy.get("/greet"))
    journal = (await toy.get("/_sandbox/journal")).json()
    assert (journal["total"], journal["connections"]) == (5, {"now": 0, "peak": 5})
    cleared = (await toy.delete("/_sandbox/journal")).json()
    assert cleared == {"calls": [], "total": 0, "connections": {"now": 0, "peak": 0}}
