"""Measure, print the table, and write it down: `python -m bench [--quick] [--rows W1,W2] [--json FILE]`."""

import argparse
import json
import sys
import traceback
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.catalogue import CATALOGUE
from bench.effort import QUICK, THOROUGH, Effort
from bench.machine import describe_contenders, describe_machine
from bench.pinning import AROUND, on
from bench.row import Row
from bench.stage import Stage
from bench.table import write_table
from service.server import exit_on_sigterm

_PLACE = Path(__file__).parents[2] / ".venv" / "bench"
_FAILED = "failed: "


def main() -> int:
    """Run what the command line says; 1 where a row failed, 0 even where one is missed: that is a figure."""
    chosen = _parser().parse_args()
    effort = QUICK if chosen.quick else THOROUGH
    if chosen.answers is not None:
        effort = replace(effort, answers=chosen.answers)
    names = chosen.rows or [name for name, entry in CATALOGUE.items() if entry.quick or not chosen.quick]
    machine = describe_machine()
    _say("{cpu}, {cores} cores, Linux {kernel}, Python {python}, load {load}".format(**machine))
    # However the run is ended, what it has started ends with it.
    exit_on_sigterm()
    rows: list[Row] = []
    began = perf_counter()
    # This process is the client.
    with on(AROUND), ExitStack() as stack:
        stage = Stage(stack, scratch=_PLACE)
        for name in names:
            rows += _measure(name, stage, effort)
            # After each: what breaks a long run off does not take with it what there is already.
            told = _told(rows, machine, quick=chosen.quick, seconds=perf_counter() - began)
            _write(told, chosen.json)
    _say(write_table(rows))
    _say(f"{told['seconds']} s; written to {chosen.json}")
    return int(any(row.missing is not None and row.missing.startswith(_FAILED) for row in rows))


def _measure(name: str, stage: Stage, effort: Effort) -> list[Row]:
    measure = CATALOGUE[name].measure
    if measure is None:
        return [Row(name, "", "-", missing="not built")]
    began, rows = perf_counter(), list[Row]()
    try:
        rows.extend(measure(stage, effort))
    except Exception as error:  # noqa: BLE001 - whatever ails one row, the others are measured
        traceback.print_exc()
        rows.append(Row(name, "", "-", missing=f"{_FAILED}{type(error).__name__}"))
    sys.stderr.write(f"{name}: {perf_counter() - began:.0f} s\n")
    return rows


def _told(rows: Sequence[Row], machine: dict[str, Any], *, quick: bool, seconds: float) -> dict[str, Any]:
    return {
        "machine": {
            **machine,
            "load_after": describe_machine()["load"],
            "contenders": describe_contenders(_PLACE),
        },
        "quick": quick,
        "seconds": round(seconds, 1),
        "rows": [row.record() for row in rows],
    }


def _write(told: dict[str, Any], place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only what needs no peer, within a minute")
    parser.add_argument("--rows", type=_rows, metavar="NAMES", help="only these, such as W1,C2")
    parser.add_argument("--answers", type=int, metavar="N", help="how many answers the growth in M2 is over")
    parser.add_argument("--json", type=Path, default=_PLACE / "last.json", help="where the figures go")
    return parser


def _rows(text: str) -> list[str]:
    names = text.split(",")
    if unknown := sorted(set(names) - CATALOGUE.keys()):
        raise argparse.ArgumentTypeError(
            f"no such row: {', '.join(unknown)}; there are {', '.join(CATALOGUE)}"
        )
    return names


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
