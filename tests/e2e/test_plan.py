"""`plan=true` on the sandboxes: it calls nobody, and what it says is near what then happens."""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.board import Board
from harness.oracle.universe import World, read_autodesk, read_threatwinds
from harness.plain import client_of
from harness.process import start_sandbox, start_service
from harness.settings import CONTAINER, autodesk, threatwinds, write_settings

# A few hubs make most of the calls of three hops, and no plan can know which seed is next to one that
# nobody has met: made and planned calls of one seed differ by about as much as the mean, so that it
# takes dozens of them for a sum to be worth anything.
SEEDS = {1: 30, 2: 60, 3: 40}
# Longer than a process keeps to itself what it has learnt.
TOLD = 1.5


class Site:
    """Two sandboxes, the addresses in them, and a service over both."""

    def __init__(self, client: httpx.Client, boards: dict[str, Board], worlds: dict[str, World]) -> None:
        self.client, self.boards = client, boards
        self.nodes = {
            name: sorted({end for told in world.relations.values() for each in told for end in each.ends})
            for name, world in worlds.items()
        }

    def ask(self, node: str, source: str, hops: int, **more: str) -> dict[str, Any]:
        """Ask, or plan to ask, one source."""
        query = {"node": node, "sources": source, "hops": str(hops), "require": "none", "timeout": "30"}
        reply = self.client.get("/graph", params=query | more)
        assert reply.status_code == 200, reply.text
        answer: dict[str, Any] = reply.json()
        return answer

    def plan(self, node: str, source: str, hops: int, **more: str) -> dict[str, Any]:
        """Plan, and see that nobody was called."""
        for board in self.boards.values():
            board.forget()
        answer = self.ask(node, source, hops, plan="true", **more)
        assert [board.calls() for board in self.boards.values()] == [[], []]
        assert (answer["nodes"], answer["edges"]) == ([], [])
        plan: dict[str, Any] = answer["graph"]["plan"]
        return plan


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Start everything, and let a few answers on other nodes teach what neighborhoods are like."""
    feed, project = start_sandbox("threatwinds"), start_sandbox("autodesk")
    boards = {"threatwinds": Board(feed.url), "acc": Board(project.url)}
    boards["threatwinds"].reset(giant=False)
    boards["acc"].reset(requests_per_minute=None)
    worlds = {
        "threatwinds": read_threatwinds("threatwinds", boards["threatwinds"].world(), groups=("public",)),
        "acc": read_autodesk("acc", boards["acc"].world(), containers=(CONTAINER,), read_only=frozenset()),
    }
    sources = {"threatwinds": threatwinds(feed.url), "acc": autodesk(project.url)}
    folder: Path = tmp_path_factory.mktemp("plan")
    service = start_service(write_settings(folder / "r.toml", redis_url="embedded", sources=sources))
    with client_of(service.url, timeout=40) as client:
        yield Site(client, boards, worlds)
    for process in (service, feed, project):
        process.end()


@pytest.fixture(scope="module")
def taught(site: Site) -> Site:
    """Answer a few questions on random nodes first."""
    dice = random.Random(1)  # noqa: S311 - a choice of nodes, no secret
    for source, nodes in site.nodes.items():
        for hops in (1, 2):
            for node in dice.sample(nodes, 20):
                site.ask(node, source, hops)
    time.sleep(TOLD)
    return site


def test_before_anything_was_learnt_the_estimate_says_so(site: Site) -> None:
    """What is behind the first hop is assumed, and nobody is called for it."""
    plan = site.plan(site.nodes["threatwinds"][0], "threatwinds", 2)
    (source,) = plan["sources"]
    assert [hop["hop"] for hop in source["hops"]] == [1, 2]
    assert source["hops"][1]["basis"] == "assumed"
    assert plan["calls"] == source["calls"] == sum(hop["calls"] for hop in source["hops"])
    assert plan["within"] == {"max_calls": 200, "cut": False}


@pytest.mark.parametrize("source", ["threatwinds", "acc"])
@pytest.mark.parametrize("hops", SEEDS)
def test_the_sum_over_seeds_is_near_what_happens(taught: Site, source: str, hops: int) -> None:
    """Over random nodes, cached or not, the calls made are those planned, within a fifth."""
    dice = random.Random(20 + hops)  # noqa: S311 - the same
    planned, made = [], []
    for node in dice.sample(taught.nodes[source], SEEDS[hops]):
        planned.append(taught.plan(node, source, hops)["calls"])
        made.append(taught.ask(node, source, hops)["graph"]["spent"]["calls"])
    pairs = list(zip(planned, made, strict=True))
    assert sum(planned) == pytest.approx(sum(made), rel=0.2, abs=1), pairs


@pytest.mark.parametrize("source", ["threatwinds", "acc"])
def test_a_plan_on_a_cached_listing_is_near_for_each_node(taught: Site, source: str) -> None:
    """Where the cache has the seed's neighbors, each single plan is within a fifth, or one call."""
    dice = random.Random(40)  # noqa: S311 - the same
    for node in dice.sample(taught.nodes[source], SEEDS[1]):
        taught.ask(node, source, 1)
        planned = taught.plan(node, source, 2)["calls"]
        made = taught.ask(node, source, 2)["graph"]["spent"]["calls"]
        assert abs(planned - made) <= max(1, 0.2 * made), node


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_what_is_cached_takes_no_call(taught: Site, hops: int) -> None:
    """A plan of what was just answered in full is no call at all."""
    dice = random.Random(60)  # noqa: S311 - the same
    for node in dice.sample(taught.nodes["acc"], 5):
        if taught.ask(node, "acc", hops)["graph"]["complete"]:
            assert taught.plan(node, "acc", hops)["calls"] == 0


def test_budgets_bound_the_estimate(taught: Site) -> None:
    """No plan has more calls than the request allows."""
    dice = random.Random(80)  # noqa: S311 - the same
    for node in dice.sample(taught.nodes["threatwinds"], 10):
        assert taught.plan(node, "threatwinds", 3, max_calls="3")["calls"] <= 3


def test_a_plan_comes_by_post_too_and_is_not_kept(taught: Site) -> None:
    """The body's flag may be JSON's own; several seeds are told of each; no cache keeps it."""
    nodes = taught.nodes["acc"][:2]
    reply = taught.client.post("/graph", json={"nodes": nodes, "plan": True})
    assert reply.headers["Cache-Control"] == "no-store"
    about = reply.json()["graph"]
    assert [seed["seed"] for seed in about["seeds"]] == nodes
    assert about["plan"]["calls"] >= 0
