"""What the README shows is what happens: its request, its addresses, its settings, its commands."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import networkx as nx
import pytest

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
RELGRAPH = str(Path(sys.executable).with_name("relgraph"))
ADDRESSES = re.findall(r"^\| `([^`]+:[^`]+|[^`]+@[^`]+)` \|", README, flags=re.MULTILINE)


def blocks(language: str) -> list[str]:
    """Give the README's code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def without_time(answer: dict[str, Any]) -> dict[str, Any]:
    """Give the answer without what differs from one minute to the next."""
    answer["graph"]["spent"].pop("milliseconds")
    for source in answer["graph"]["sources"]:
        source.pop("age_seconds")
    for edge in answer["edges"]:
        for word in edge["provenance"]:
            word.pop("fetched_at")
    return answer


def requests() -> list[str]:
    """Give the path of every request that the README makes."""
    return [path for block in blocks("sh") for path in re.findall(r"curl -s http://[^/]+(\S+)", block)]


def test_the_request_has_the_answer_shown(caller: httpx.Client) -> None:
    """The one request gives the answer printed below it, times and milliseconds aside."""
    (path,) = requests()
    (shown,) = blocks("json")
    answer = caller.get(path, headers={"Cache-Control": "no-cache"})
    assert answer.status_code == 200
    assert without_time(answer.json()) == without_time(json.loads(shown))


def test_the_line_for_networkx_loads_the_answer(caller: httpx.Client) -> None:
    """The call that the README gives reads an answer into a graph."""
    line = re.search(r"`(networkx\.node_link_graph\(.*?\))`", README, flags=re.DOTALL)
    assert line is not None
    answer = caller.get(requests()[0]).json()
    graph = eval(line[1], {"networkx": nx, "answer": answer})  # noqa: S307 - our own README
    assert graph.number_of_nodes() == len(answer["nodes"])
    assert graph.number_of_edges() == len(answer["edges"])


def test_the_loop_over_pages_gives_the_whole_answer(caller: httpx.Client) -> None:
    """Run as it stands, it holds in the end what the answer at once has, and took several pages."""
    (loop,) = blocks("python")
    names: dict[str, Any] = {"httpx": httpx, "url": str(caller.base_url).rstrip("/")}
    exec(loop, names)  # noqa: S102 - our own README
    asked = {name: value for name, value in names["asked"].items() if name != "max_nodes"}
    whole = caller.get("/graph", params=asked).json()
    assert len(whole["nodes"]) > names["asked"]["max_nodes"]
    assert names["held"] == {each["id"]: each for each in whole["nodes"] + whole["edges"]}


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_addresses_shown_work(caller: httpx.Client, address: str) -> None:
    """Every address of the table is one that the sandbox's world can be asked about."""
    answer = caller.get("/graph", params={"node": address, "hops": 0, "max_nodes": 10})
    assert answer.status_code == 200
    assert answer.json()["graph"]["requested"] == address


def test_the_table_shows_every_form() -> None:
    """Neutral, plain and with a tenant; a type's selection and a container's."""
    assert len(ADDRESSES) == 5


def test_the_settings_shown_are_right(tmp_path: Path) -> None:
    """The settings example with the table that `key new` prints passes `relgraph check`."""
    (settings,) = [block for block in blocks("toml") if "redis_url" in block]
    commands = "".join(block for block in blocks("sh") if "key new" in block)
    new_key = re.search(r"relgraph (key new \w+)", commands)
    assert new_key is not None
    made = subprocess.run([RELGRAPH, *new_key[1].split()], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    config = tmp_path / "relgraph.toml"
    config.write_text(f"{settings}{made.stdout}", "utf-8")
    checked = subprocess.run(  # noqa: S603 - ours
        [RELGRAPH, "check", "--config", str(config)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert "callers: dashboard" in checked.stdout


def test_the_commands_shown_exist() -> None:
    """Every `relgraph` command of the README is one, with the options it is given."""
    lines = re.findall(r"^\.venv/bin/relgraph ([^#\n]+)", "".join(blocks("sh")), flags=re.MULTILINE)
    assert len(lines) == 3
    for line in lines:
        words = line.split()
        command = words[: 2 if words[0] == "key" else 1]
        ran = subprocess.run([RELGRAPH, *command, "--help"], capture_output=True, text=True, check=False)  # noqa: S603 - ours
        assert ran.returncode == 0
        assert all(word in ran.stdout for word in words if word.startswith("--"))
