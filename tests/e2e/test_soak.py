"""Many answers from a troubled upstream: the service neither fails, nor grows, nor forgets."""

import random
import threading
from collections import Counter
from pathlib import Path

import httpx
import pytest

from harness.process import Process, start_sandbox, start_service
from harness.settings import threatwinds, write_settings

_CALLERS = 6
_ANSWERS = 300
_MORE_BYTES = 40 * 1024 * 1024
_TROUBLES = (
    [],
    [{"match": "/relations", "status": 500, "probability": 0.3}],
    [{"match": "/entity/", "malformed": "truncated", "probability": 0.2}],
    [{"match": "/entity/", "drop": "midway", "probability": 0.2}],
    [{"match": "/relations", "latency_seconds": 0.2, "probability": 0.3}],
)


def _resident(process: Process) -> int:
    pages = int(Path(f"/proc/{process.popen.pid}/statm").read_text("ascii").split()[1])
    return pages * 4096


def _ask(url: str, nodes: list[str], *, seed: int, statuses: Counter[int]) -> None:
    dice = random.Random(seed)  # noqa: S311 - the same walk at every run
    with httpx.Client(base_url=url, timeout=60) as caller:
        for _ in range(_ANSWERS // _CALLERS):
            parameters = {"node": dice.choice(nodes), "hops": dice.randint(0, 2), "max_age": 1, "timeout": 5}
            statuses[caller.get("/graph", params=parameters).status_code] += 1


@pytest.mark.soak
def test_a_long_run_with_troubles(tmp_path: Path) -> None:
    """Thousands of answers, with faults that come and go, give no 500 and leave the memory flat."""
    sandbox = start_sandbox("threatwinds")
    settings = write_settings(tmp_path / "soak.toml", sources={"threatwinds": threatwinds(sandbox.url)})
    service = start_service(settings)
    try:
        world = httpx.get(f"{sandbox.url}/_sandbox/world").json()
        shown = [entity["id"] for entity in world["entities"] if "public" in entity["groups"]]
        nodes = [f"threatwinds:entity:{native}" for native in shown]
        sizes, statuses = [], Counter[int]()
        for part, trouble in enumerate(_TROUBLES * 2):
            httpx.put(f"{sandbox.url}/_sandbox/faults", json=trouble).raise_for_status()
            callers = [
                threading.Thread(
                    target=_ask,
                    args=(service.url, nodes),
                    kwargs={"seed": part * _CALLERS + number, "statuses": statuses},
                )
                for number in range(_CALLERS)
            ]
            for caller in callers:
                caller.start()
            for caller in callers:
                caller.join()
            sizes.append(_resident(service))
        assert statuses.total() == _ANSWERS * len(_TROUBLES) * 2
        assert statuses.keys() <= {200, 502, 504}
        assert statuses[200] > statuses.total() / 2
        assert sizes[-1] - sizes[len(_TROUBLES) - 1] < _MORE_BYTES
    finally:
        service.end()
        sandbox.end()
