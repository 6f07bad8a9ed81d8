"""`to=` where an upstream tells an entity only of the relations that start at it."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from harness.asking import Asker, Json
from harness.board import Board
from harness.crossing import AMPLE
from harness.paging import follow
from harness.place import DOMAIN, THREAT
from harness.plain import client_of
from harness.process import start_sandbox, start_service
from harness.settings import threatwinds, write_settings

CALLS = {"max_calls": "5000", "max_age": "0"}


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    """Start the upstream, a service over it, and a caller."""
    folder = tmp_path_factory.mktemp("one-way")
    with ExitStack() as ending:
        upstream = start_sandbox("threatwinds")
        ending.callback(upstream.end)
        Board(upstream.url).reset(giant=False, directions="out")
        sources = {"feed": threatwinds(upstream.url)}
        service = start_service(write_settings(folder / "r.toml", redis_url="embedded", sources=sources))
        ending.callback(service.end)
        yield Asker(ending.enter_context(client_of(service.url, timeout=70)))


@pytest.mark.parametrize("seed", [DOMAIN, THREAT])
def test_a_path_is_as_long_as_the_neighborhood_says(asker: Asker, seed: str) -> None:
    """Also to a target that lists nothing, which nobody would find from its own side."""
    shown = asker.graph(seed, **AMPLE, **CALLS, hops=2)
    assert shown["graph"]["complete"] is True
    wrong, silent = [], 0
    for target in [node["id"] for node in shown["nodes"] if node["hop"] == 2][::7][:12]:
        graph = asker.graph(seed, to=target, **AMPLE, **CALLS)["graph"]
        lengths = [len(path) - 1 for path in graph["paths"]]
        if (graph["verdict"], lengths, graph["complete"]) != ("found", [2], True):
            wrong.append((target, graph))
        silent += asker.graph(target, **AMPLE, **CALLS, require="none")["edges"] == []
    assert wrong == []
    assert silent > 0


def test_the_proof_goes_on_over_pages(asker: Asker) -> None:
    """With few calls a page the last one is as whole, and its path as short, as one answer's."""
    shown = asker.graph(THREAT, **AMPLE, **CALLS, hops=3)
    target = [node["id"] for node in shown["nodes"] if node["hop"] == 3][-1]
    whole = asker.graph(THREAT, to=target, **AMPLE, **CALLS)["graph"]

    def page(cursor: str | None) -> Json:
        more = {} if cursor is None else {"cursor": cursor}
        return asker.graph(THREAT, to=target, **AMPLE, max_calls=3, max_age="0", **more)

    pages = follow(page, most=100).pages
    last = pages[-1]["graph"]
    assert len(pages) > 2
    assert (last["verdict"], last["complete"], whole["complete"]) == ("found", True, True)
    assert [len(path) - 1 for path in last["paths"]] == [len(path) - 1 for path in whole["paths"]] == [3]
