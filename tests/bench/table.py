"""The table, as text."""

from collections.abc import Iterable, Sequence

from bench.row import Row

_HEAD = ("row", "ours", "theirs", "ratio", "reach", "")
_WORDS = {True: "reached", False: "missed", None: ""}


def write_cells(row: Row) -> tuple[str, ...]:
    """Give a row's cells."""
    reach = "" if row.reach is None else str(row.reach)
    if row.missing is not None:
        return (row.name, row.missing, "", "", reach, "")
    figures = ("" if figure is None else str(figure) for figure in (row.ours, row.theirs))
    ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
    return (row.name, *figures, ratio, reach, _WORDS[row.reached])


def write_table(rows: Iterable[Row]) -> str:
    """Give all rows below each other, and below them what each of them is about."""
    shown = list(rows)
    lines = [_HEAD, *map(write_cells, shown)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(_HEAD))]
    table = [_join(line, widths) for line in lines]
    table.insert(1, _join(["-" * width for width in widths], widths))
    told = [
        f"{row.name}: {row.about}" + ("" if row.against == "-" else f"; against {row.against}")
        for row in shown
        if row.about
    ]
    return "\n".join([*table, "", *told, ""])


def _join(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
