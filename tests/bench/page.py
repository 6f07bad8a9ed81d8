"""The table for docs/performance.md, from the JSON of a run: `python -m bench.page FILE`."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.row import Figure

_WORDS = {True: "yes", False: "no", None: ""}


def write_page(told: Mapping[str, Any]) -> str:
    """Give when and where it was measured, and a line for each row."""
    return "\n".join(_lines(told)) + "\n"


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    machine = told["machine"]
    used = {**machine["versions"], **machine["contenders"]}
    versions = ", ".join(f"{name} {version}" for name, version in used.items() if version)
    yield (
        f"{machine['at']}: {machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}, "
        f"Python {machine['python']}; load {machine['load'][0]} before and {machine['load_after'][0]} after; "
        f"{told['seconds'] / 60:.0f} minutes; {versions}."
    )
    yield ""
    yield "| row | ours | theirs | ratio | reach | reached |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for row in told["rows"]:
        if row["missing"] is not None:
            yield f"| {row['name']} | {row['missing']} | | | {row['reach'] or ''} | |"
            continue
        ours, theirs = (_figure(row[side]) for side in ("ours", "theirs"))
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.3g}"
        cells = (row["name"], ours, theirs, ratio, row["reach"] or "", _WORDS[row["reached"]])
        yield f"| {' | '.join(cells)} |"


def _figure(pair: list[Any] | None) -> str:
    return "" if pair is None else str(Figure(*pair))


if __name__ == "__main__":
    sys.stdout.write(write_page(json.loads(Path(sys.argv[1]).read_text("utf-8"))))
