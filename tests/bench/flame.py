"""Shows where a row's time goes: `python -m bench.flame W1 W2/400 C1 --into FOLDER`, with py-spy installed.

Of each row a flame graph (SVG) of the service's loop while one caller asks, and beside it the share of
samples in which each function was on the stack, the largest first.
"""

import argparse
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import cycle, repeat
from pathlib import Path

from bench.forgetting import forget
from bench.pinning import AROUND, on
from bench.question import LARGE, SMALL, Size, draw_seeds, question
from bench.stage import Stage
from bench.wire import Connection

_PER_SECOND = 400
_SEEDS = 24
# A function in fewer samples than this share is not told of.
_LEAST = 0.01
# Threads that wait for work are sampled as if they had some.
_LOOP = "Runner.run (asyncio/runners.py"
Ask = Callable[[], object]


def _hot(stage: Stage, size: Size) -> tuple[int, Ask]:
    service = stage.serve(stage.hot)
    (node,) = draw_seeds(stage.world, size, count=1)
    return service.popen.pid, _asking(service.url, repeat(question(node, hops=size.hops)))


def _warm(stage: Stage, size: Size) -> tuple[int, Ask]:
    service = stage.serve(stage.warm)
    seeds = draw_seeds(stage.world, size, count=_SEEDS)
    return service.popen.pid, _asking(service.url, cycle(question(node, hops=size.hops) for node in seeds))


def _cold(stage: Stage, size: Size) -> tuple[int, Ask]:
    config = stage.configure(stage.start_upstream().url, store=stage.start_store().url)
    service = stage.serve(config)
    seeds = draw_seeds(stage.world, size, count=_SEEDS)
    ask = _asking(service.url, cycle(question(node, hops=size.hops) for node in seeds))

    def ask_anew() -> object:
        forget(config)
        return ask()

    return service.popen.pid, ask_anew


ROWS: dict[str, tuple[Callable[[Stage, Size], tuple[int, Ask]], Size]] = {
    "W1": (_hot, LARGE),
    "W2/400": (_warm, SMALL),
    "W2/1300": (_warm, LARGE),
    "C1": (_cold, SMALL),
}


def _asking(url: str, targets: "repeat[bytes] | cycle[bytes]") -> Ask:
    connection = Connection(url)
    return lambda: connection.ask(next(targets))


def record(pid: int, ask: Ask, *, command: str, into: Path, form: str, seconds: int) -> None:
    """Sample the process while it is asked."""
    wanted = ["--rate", str(_PER_SECOND), "--duration", str(seconds), "--format", form, "--output", str(into)]
    sampling = subprocess.Popen(  # noqa: S603 - the profiler that was named
        [command, "record", "--pid", str(pid), *wanted],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while sampling.poll() is None:
        ask()
    if sampling.returncode:
        raise SystemExit(f"{command} ended with {sampling.returncode}")


def shares(raw: str) -> list[tuple[str, float]]:
    """Give in how large a share of the loop's samples each function was on the stack, the largest first."""
    on_stack: Counter[str] = Counter()
    total = 0
    for line in raw.splitlines():
        stack, _, count = line.rpartition(" ")
        if _LOOP not in stack:
            continue
        # "name (file:line)": a function's lines are one, and so is one that calls itself.
        functions = {re.sub(r":\d+\)$", ")", frame) for frame in stack.split(";")}
        total += int(count)
        on_stack.update(dict.fromkeys(functions, int(count)))
    return [(name, count / total) for name, count in on_stack.most_common()]


def main() -> None:
    """Draw the rows that are named."""
    parser = argparse.ArgumentParser(prog="python -m bench.flame", description=__doc__)
    parser.add_argument("rows", nargs="+", choices=ROWS)
    parser.add_argument("--into", type=Path, required=True)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--py-spy", default="py-spy")
    chosen = parser.parse_args()
    chosen.into.mkdir(parents=True, exist_ok=True)
    for row in chosen.rows:
        start, size = ROWS[row]
        with on(AROUND), ExitStack() as stack:
            pid, ask = start(Stage(stack, scratch=chosen.into), size)
            for _ in range(_SEEDS):
                ask()
            stem = chosen.into / row.replace("/", "-")
            sample = partial(record, pid, ask, command=chosen.py_spy, seconds=chosen.seconds)
            sample(into=stem.with_suffix(".svg"), form="flamegraph")
            sample(into=stem.with_suffix(".raw"), form="raw")
        told = [
            f"{share:6.1%}  {name}"
            for name, share in shares(stem.with_suffix(".raw").read_text("utf-8"))
            if share >= _LEAST
        ]
        stem.with_suffix(".txt").write_text("\n".join(told) + "\n", "utf-8")
        sys.stdout.write(f"{row}: {stem}.svg, {stem}.txt\n")


if __name__ == "__main__":
    main()
