"""`relgraph crosswalk` as a real command, against a store of its own and that of a running service."""

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from harness.command import run_relgraph
from harness.settings import CONTAINER, autodesk, threatwinds, write_settings
from harness.store import Store

CLI = ("-m", "service.cli")
HEADER = "address,same_as,source,confidence,visibility\n"
DOCUMENT = f"autodesk-bim360-documentmanagement@{CONTAINER}:documentlineage:urn:adsk.wipprod:dm.lineage:x"
DOMAIN = "threatwinds:domain:acescency.com"
GOOD = f"{HEADER}{DOCUMENT},{DOMAIN},cmdb,0.9,acc;feed\nn:t:b,n:t:c,jane,1,acc\n"


@pytest.fixture
def store(running_store: Store) -> Store:
    """Empty the store of this file and give it."""
    running_store.empty()
    return running_store


@pytest.fixture
def config(tmp_path: Path, store: Store) -> str:
    """Write settings with that store and two sources that nobody is asked of."""
    sources = {"acc": autodesk("http://127.0.0.1:9"), "feed": threatwinds("http://127.0.0.1:9")}
    path = tmp_path / "relgraph.toml"
    return str(write_settings(path, redis_url=store.url, secret_keys=["x" * 16], sources=sources))


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], str]:
    """Give a function that writes a file and gives its path."""

    def write_file(name: str, text: str) -> str:
        (tmp_path / name).write_text(text, "utf-8")
        return str(tmp_path / name)

    return write_file


def relgraph(*arguments: str) -> str:
    """Run a command that goes well, and give what it says."""
    ran = run_relgraph("crosswalk", *arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def refused(*arguments: str, code: int = 2) -> list[str]:
    """Run a command that does not, and give its lines on stderr."""
    ran = run_relgraph("crosswalk", *arguments)
    assert (ran.returncode, ran.stdout) == (code, "")
    return ran.stderr.splitlines()


def test_a_crosswalk_is_loaded_shown_and_cleared(config: str, write: Callable) -> None:
    """How many rows, since when, and a digest that only the rows decide."""
    at = ("--config", config)
    assert relgraph("show", *at) == "no crosswalk is loaded\n"
    said = relgraph("load", write("a.csv", GOOD), *at)
    assert re.fullmatch(
        r"crosswalk of 2 rows, loaded 20\d\d-\d\d-\d\dT[\d:]{8}Z, digest [0-9a-f]{32}\n", said
    )
    assert relgraph("show", *at) == said
    lines = relgraph("show", "--rows", *at).splitlines()
    assert [json.loads(line) for line in lines] == [
        {
            "address": DOCUMENT,
            "same_as": DOMAIN,
            "source": "cmdb",
            "confidence": 0.9,
            "visibility": ["acc", "feed"],
        },
        {"address": "n:t:b", "same_as": "n:t:c", "source": "jane", "confidence": 1.0, "visibility": ["acc"]},
    ]
    again = relgraph("load", write("b.jsonl", "\n".join(reversed(lines))), *at)
    assert again.rpartition(" ")[2] == said.rpartition(" ")[2]
    assert re.fullmatch(r"no crosswalk is loaded since 20\S+Z\n", relgraph("clear", *at))
    assert relgraph("show", "--rows", *at) == ""


def test_all_files_together_replace_what_was_loaded(config: str, write: Callable, store: Store) -> None:
    """Two files of two forms are one crosswalk, and what it does not hold any more is gone."""
    relgraph("load", write("old.csv", GOOD), "--config", config)
    line = (
        '{"address": "n:t:d", "same_as": "n:t:e", "source": "jane", "confidence": 1, "visibility": ["acc"]}'
    )
    one = write("one.csv", f"{HEADER}n:t:b,n:t:c,cmdb,1,acc\n")
    assert relgraph("load", one, write("two.jsonl", line), "--config", config).startswith(
        "crosswalk of 2 rows"
    )
    shown = relgraph("show", "--rows", "--config", config)
    assert [json.loads(line)["address"] for line in shown.splitlines()] == ["n:t:b", "n:t:d"]
    content = store.content()
    assert len(content) == 2
    assert {life for _, life in content.values()} == {-1}


def test_every_mistake_is_told_and_nothing_is_loaded(config: str, write: Callable) -> None:
    """Each with its file and line, also those that only the settings or all files together show."""
    before = relgraph("load", write("good.csv", GOOD), "--config", config)
    one = write("one.csv", f"{GOOD}nonsense,n:t:b,,2,\n{DOCUMENT},{DOMAIN},cmdb,1,nobody\nn:t:a\n")
    two = write("two.jsonl", '{"address": "n:t:a"}\n[\n')
    three = str(Path(one).with_name("nowhere.csv"))
    crowd = write(
        "crowd.csv", HEADER + "".join(f"n:t:{n:04},n:t:{n + 1:04},cmdb,1,acc\n" for n in range(1000))
    )
    assert refused("load", one, two, three, crowd, "--config", config) == [
        f"relgraph: {one}:4: address: 'nonsense' is no node: namespace:type:key is",
        f"relgraph: {one}:4: source: who says so, in 1 to 256 characters that can be seen",
        f"relgraph: {one}:4: confidence: this is no number from 0 to 1",
        f"relgraph: {one}:6: 1 fields, where the header names 5",
        f"relgraph: {two}:1: 'same_as' is missing",
        f"relgraph: {two}:1: 'source' is missing",
        f"relgraph: {two}:1: 'confidence' is missing",
        f"relgraph: {two}:2: not a JSON object on one line",
        f"relgraph: {three}: No such file or directory",
        f"relgraph: {one}:5: visibility: no source is called 'nobody'; there are: acc, feed",
        f"relgraph: {crowd}:2: 1001 addresses would be one thing, 'n:t:0000' the smallest; 1000 may",
    ]
    assert relgraph("show", "--config", config) == before


def test_a_file_without_a_row_clears_nothing(config: str, write: Callable) -> None:
    """An export that went wrong is a mistake; clearing is said in so many words."""
    before = relgraph("load", write("good.csv", GOOD), "--config", config)
    (told,) = refused("load", write("empty.csv", HEADER), "--config", config)
    assert "crosswalk clear" in told
    assert relgraph("show", "--config", config) == before


def test_what_may_join_less_than_meant_is_noted(config: str, write: Callable) -> None:
    """It is loaded, and said on the side."""
    path = write("a.csv", f"{HEADER}n:t:b,observable:ip:10.0.0.5,cmdb,1,\n")
    notes = relgraph("load", path, "--config", config).splitlines()[:-1]
    one, other = [note.partition(f"{path}:2: ")[2] for note in notes]
    assert one == "address: 'n:t:b': no source accepts it: without `visibility` nobody sees the row"
    assert "same_as: 'observable:ip:10.0.0.5': taken as written, since it cannot be normalised: ip: " in other


def test_hostile_rows_reach_no_terminal_as_they_are(config: str, write: Callable) -> None:
    """Listed or refused, what could steer a terminal is escaped."""
    path = write("a.csv", f"{HEADER}n:t:\x1b[2J\u202e,n:t:c,cmdb,1,acc\n")
    relgraph("load", path, "--config", config)
    assert relgraph("show", "--rows", "--config", config).isascii()
    (told,) = refused("load", write("b.csv", f"{HEADER}n:\x1b[2J:x,n:t:c,cmdb,1,acc\n"), "--config", config)
    assert "\x1b" not in told


def test_a_store_that_is_not_there_is_one_clear_line(config: str, write: Callable) -> None:
    """Exit code 1 and what is wrong with the store, no traceback, and no password."""
    at = ("--config", config, "--redis-url", "redis://:CANARY-9@127.0.0.1:1")
    for action in (["load", write("a.csv", GOOD)], ["show"], ["clear"]):
        (told,) = refused(*action, *at, code=1)
        assert told.startswith("relgraph: the store could not load")
        assert "127.0.0.1:1" in told
        assert "CANARY" not in told
    (told,) = refused("show", "--redis-url", "nonsense")
    assert told.startswith("relgraph: redis_url: ")


def test_rows_that_are_gone_are_no_empty_list(config: str, write: Callable, store: Store) -> None:
    """What was loaded and cannot be listed is trouble; loading again ends it."""
    path = write("a.csv", GOOD)
    relgraph("load", path, "--config", config)
    (key,) = [key for key in store.content() if key.endswith(b":0")]
    store.client().delete(key)
    assert refused("show", "--rows", "--config", config, code=1)
    relgraph("load", path, "--config", config)
    assert len(relgraph("show", "--rows", "--config", config).splitlines()) == 2


def test_wrong_settings_are_told_as_ever(tmp_path: Path, write: Callable) -> None:
    """Without a file the settings are needed; those that are half there are wrong."""
    assert refused("load", write("a.csv", GOOD)) == [
        "relgraph: sources: none is configured; each is a table such as [sources.acc]"
    ]
    config = write("wrong.toml", "bogus = 1\n")
    told = refused("show", "--config", config, "--redis-url", "redis://127.0.0.1:1")
    assert [line.split(":")[1] for line in told] == [" bogus", " sources"]


def test_an_embedded_store_is_reached_by_the_url_that_the_service_logs(
    tmp_path: Path, write: Callable, start: Callable
) -> None:
    """The settings alone cannot say where it is, and the command says what to do."""
    sources = {"acc": autodesk("http://127.0.0.1:9"), "feed": threatwinds("http://127.0.0.1:9")}
    config = str(write_settings(tmp_path / "e.toml", redis_url="embedded", sources=sources))
    path = write("a.csv", GOOD)
    (told,) = refused("load", path, "--config", config)
    assert told.startswith('relgraph: redis_url: "embedded" is the store of a running service')
    assert "--redis-url" in told
    program = start(*CLI, "serve", "--config", config, "--port", "0", "--workers", "2")
    program.url()
    lines = iter(program.process.stderr.readline, "")
    logged = next(line for line in map(json.loads, lines) if line["event"] == "embedded_store")
    folder = Path(unquote(urlsplit(logged["url"]).path)).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert folder.stat().st_uid == os.getuid()
    assert relgraph("load", path, "--config", config, "--redis-url", logged["url"]).startswith(
        "crosswalk of 2"
    )
    assert relgraph("show", "--redis-url", logged["url"]).startswith("crosswalk of 2 rows")


def test_the_demo_prints_how_to_load_one(start: Callable, write: Callable) -> None:
    """The command it shows works as it stands, the file's name aside."""
    program = start(*CLI, "demo")
    program.wait_for("Ctrl-C")
    (line,) = re.findall(r"^relgraph crosswalk (load FILE .+)$", program.said, flags=re.MULTILINE)
    path = write("a.csv", GOOD)
    said = relgraph(*line.replace("FILE", path).split())
    assert said.startswith("crosswalk of 2 rows")


def test_the_command_answers_without_the_web_framework() -> None:
    """Loading a crosswalk needs neither the HTTP server nor networkx."""
    program = (
        "import sys, service.command.crosswalk; "
        "print(sorted({'fastapi', 'networkx', 'uvicorn'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    assert ran.stdout == "[]\n"
