"""Measures in real processes: kept warm, killed when they overrun, gone with whoever started them."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from time import monotonic, sleep, thread_time
from typing import Any

import pytest
import uvloop

from connectors.runtime.clock import SystemClock
from harness.drawing import draw, draw_large, parse_drawing
from harness.looking import settle, turn_until
from service.adapters.measuring_process import MeasuringProcess
from service.graph.measure import Measure
from service.graph.ruler import Ruler
from service.graph.skeleton import Skeleton, sketch

_, PAIR = sketch(draw(parse_drawing("a>b")))
_, SMALL = sketch(draw_large(nodes=60, edges=200))
# Its betweenness takes a good ten seconds, everything else is there at once.
_, LARGE = sketch(draw_large(nodes=2000, edges=8000))
CLOCK = SystemClock()

PARENT = """
import asyncio, sys
from connectors.runtime.clock import SystemClock
from harness.drawing import draw_large
from service.adapters.measuring_process import MeasuringProcess
from service.graph.measure import Measure
from service.graph.skeleton import sketch

async def main(busy):
    process = MeasuringProcess(clock=SystemClock())
    _, small = sketch(draw_large(nodes=10, edges=20))
    _, large = sketch(draw_large(nodes=2000, edges=8000))
    await process.take([Measure.DEGREE], skeleton=small, deadline=SystemClock().monotonic() + 60)
    work = process.take([Measure.BETWEENNESS], skeleton=large, deadline=SystemClock().monotonic() + 60)
    async with asyncio.TaskGroup() as group:
        if busy:
            group.create_task(work)
        await asyncio.sleep(0.1)
        print(*process.pids, flush=True)
        await asyncio.sleep(60)

asyncio.run(main(sys.argv[1] == "busy"))
"""


@pytest.fixture
async def process() -> AsyncIterator[MeasuringProcess]:
    """Give a measurer for one test, with nothing started."""
    opened = MeasuringProcess(clock=CLOCK)
    yield opened
    await opened.close()
    assert opened.pids == frozenset()


def _within(seconds: float) -> float:
    return CLOCK.monotonic() + seconds


async def _warm(process: MeasuringProcess) -> int:
    """Have a process started, and give its id."""
    assert await process.take([Measure.DEGREE], skeleton=PAIR, deadline=_within(30))
    (pid,) = process.pids
    return pid


def _is_alive(pid: int) -> bool:
    """Tell whether the process runs; one that only waits to be reaped does not."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return False
    return words[0] not in {"Z", "X"}


def _computed(pid: int) -> float:
    """Give the seconds of a processor that the process has had."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _descriptors(pid: int) -> list[str]:
    return [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()]


def _environment(pid: int) -> set[str]:
    entries = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return {entry.partition("=")[0] for entry in entries if entry}


def _await(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = monotonic() + seconds
    while not condition():
        if monotonic() > deadline:
            return False
        sleep(0.01)
    return True


async def test_the_numbers_are_those_of_the_measures(process: MeasuringProcess) -> None:
    """Every measure comes back as it is computed here, from a process that is kept for the next graph."""
    pid = await _warm(process)
    taken = await process.take(list(Measure), skeleton=SMALL, deadline=_within(30))
    assert list(taken) == list(Measure)
    assert taken == {measure: Ruler(SMALL).take(measure) for measure in Measure}
    assert process.pids == {pid}


async def test_nothing_is_started_before_it_is_needed(process: MeasuringProcess) -> None:
    """There is no process before the first order, nor for one that comes too late."""
    assert process.pids == frozenset()
    assert await process.take([Measure.DEGREE], skeleton=PAIR, deadline=_within(-1)) == {}
    assert process.pids == frozenset()


async def test_an_overrun_is_killed_and_the_rest_kept(process: MeasuringProcess) -> None:
    """At the deadline what is finished is there, the process is gone, and the next order gets a new one."""
    pid = await _warm(process)
    taken = await process.take(
        [Measure.DEGREE, Measure.COMPONENTS, Measure.BETWEENNESS], skeleton=LARGE, deadline=_within(2.5)
    )
    assert set(taken) == {Measure.DEGREE, Measure.COMPONENTS}
    assert not _is_alive(pid)
    assert process.pids == frozenset()
    assert await _warm(process) != pid


async def test_the_event_loop_goes_on_meanwhile(process: MeasuringProcess) -> None:
    """While a process computes for a second, the loop's thread itself works a few milliseconds."""
    await _warm(process)
    work = asyncio.create_task(process.take([Measure.BETWEENNESS], skeleton=LARGE, deadline=_within(1.5)))
    await asyncio.sleep(0.1)
    spent, turns = thread_time(), 0
    while not work.done():
        # Not so often that this itself is what takes the time.
        await asyncio.sleep(0.05)
        turns += 1
    assert await work == {}
    assert thread_time() - spent < 0.05
    # Each of them would have waited, had the loop been held up.
    assert turns > 2


async def test_at_most_so_many_graphs_are_in_work(process: MeasuringProcess) -> None:
    """Many callers share two processes, and each gets the numbers of its own graph."""
    skeletons = [sketch(draw_large(nodes=nodes, edges=60))[1] for nodes in range(10, 18)]
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(process.take([Measure.DEGREE], skeleton=each, deadline=_within(30)))
            for each in skeletons
        ]
    assert [task.result()[Measure.DEGREE] for task in tasks] == [
        Ruler(each).take(Measure.DEGREE) for each in skeletons
    ]
    assert 1 <= len(process.pids) <= 2


async def test_who_waits_for_a_turn_waits_within_its_own_deadline() -> None:
    """A caller whose time is up before its turn gets nothing, and disturbs nobody."""
    process = MeasuringProcess(clock=CLOCK, at_once=1)
    await _warm(process)
    first = asyncio.create_task(process.take([Measure.BETWEENNESS], skeleton=LARGE, deadline=_within(60)))
    await settle()
    at_work = process.pids
    assert await process.take([Measure.DEGREE], skeleton=PAIR, deadline=_within(0.2)) == {}
    assert not first.done()
    assert process.pids == at_work
    last = asyncio.create_task(process.take([Measure.DEGREE], skeleton=PAIR, deadline=_within(30)))
    await settle()
    assert not last.done()
    first.cancel()
    assert await last == {Measure.DEGREE: [1, 1]}
    await process.close()


async def test_a_caller_who_leaves_takes_the_work_along(process: MeasuringProcess) -> None:
    """Cancelled at work or at the very start, no process is left computing, and its turn is free again."""
    for pause in (0.0, 0.01, 0.3, 0.6):
        work = asyncio.create_task(process.take([Measure.BETWEENNESS], skeleton=LARGE, deadline=_within(60)))
        await asyncio.sleep(pause)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert process.pids == frozenset()
    await _warm(process)


async def test_a_process_that_died_while_it_waited_is_replaced(process: MeasuringProcess) -> None:
    """Whatever killed an idle process, the next caller does not notice."""
    pid = await _warm(process)
    os.kill(pid, signal.SIGKILL)
    assert _await(lambda: not _is_alive(pid), 2)
    assert await _warm(process) != pid


async def test_a_process_that_dies_at_work_leaves_its_measure_out(process: MeasuringProcess) -> None:
    """The caller gets what was finished, long before the deadline, and the next one a new process."""
    pid = await _warm(process)
    work = asyncio.create_task(
        process.take([Measure.DEGREE, Measure.BETWEENNESS], skeleton=LARGE, deadline=_within(60))
    )
    # What is there at once is there, and the rest under way.
    before = _computed(pid)
    await turn_until(lambda: _computed(pid) > before + 0.5)
    os.kill(pid, signal.SIGKILL)
    assert set(await work) == {Measure.DEGREE}
    assert await _warm(process) != pid


async def test_it_inherits_nothing_of_ours(process: MeasuringProcess) -> None:
    """It has no socket but its own, none of our environment, and our Ctrl-C is not its."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.set_inheritable(True)
        pid = await _warm(process)
    assert len([each for each in _descriptors(pid) if each.startswith("socket:")]) == 1
    assert _environment(pid) == {"PYTHONPATH", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}
    assert os.getsid(pid) != os.getsid(0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
@pytest.mark.parametrize("how", ["idle", "busy"])
def test_it_dies_with_a_parent_that_is_killed(how: str) -> None:
    """After SIGKILL of its parent no process is left, whether it waits or computes."""
    tests = str(Path(__file__).parents[1])
    with Popen(  # noqa: S603 - the text above
        [sys.executable, "-c", PARENT, how], stdout=PIPE, stderr=DEVNULL, text=True, env={"PYTHONPATH": tests}
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert _is_alive(pid)
        parent.kill()
        parent.wait()
    assert _await(lambda: not _is_alive(pid), 2)


def test_it_works_on_the_loop_that_serves() -> None:
    """On uvloop too: the numbers come, an overrun is killed, and closing leaves nothing."""

    async def use() -> None:
        process = MeasuringProcess(clock=CLOCK)
        first = await _warm(process)
        assert await _take_too_long(process, SMALL) == {}
        assert not _is_alive(first)
        last = await _warm(process)
        await process.close()
        assert not _is_alive(last)

    _run_on_uvloop(use())


async def _take_too_long(process: MeasuringProcess, skeleton: Skeleton) -> Any:
    """Ask for what is not there within 50 ms: a process that is stopped does nothing."""
    (pid,) = process.pids
    os.kill(pid, signal.SIGSTOP)
    return await process.take([Measure.DEGREE], skeleton=skeleton, deadline=_within(0.05))


def _run_on_uvloop(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)
