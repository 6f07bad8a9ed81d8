"""One line of the table: what was measured, against what, and whether that is enough."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Bound = Literal["at least", "at most"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that was measured, and its unit."""

    value: float
    unit: str

    def __str__(self) -> str:
        """Give it to three digits, as far as they mean anything."""
        whole = abs(self.value) >= 100
        text = f"{self.value:,.0f}".replace(",", " ") if whole else f"{self.value:.3g}"
        return f"{text} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a ratio has to reach."""

    bound: Bound
    ratio: float
    unit: str = "x"

    def __str__(self) -> str:
        """Give it as the table has it."""
        return f"{'>=' if self.bound == 'at least' else '<='} {self.ratio:g} {self.unit}"

    def met_by(self, ratio: float) -> bool:
        """Tell whether a ratio reaches it."""
        return ratio >= self.ratio if self.bound == "at least" else ratio <= self.ratio


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of ours and of theirs; a row without figures says in `missing` why.

    `ratio` is what `reach` is about: ours by theirs or theirs by ours, as the row says, or one figure
    alone. `detail` goes to the JSON and not into the table.
    """

    name: str
    about: str
    against: str
    reach: Reach | None = None
    ours: Figure | None = None
    theirs: Figure | None = None
    ratio: float | None = None
    missing: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reached(self) -> bool | None:
        """Tell whether it is enough; None where there is nothing to tell."""
        return None if self.reach is None or self.ratio is None else self.reach.met_by(self.ratio)

    def record(self) -> dict[str, Any]:
        """Give it for the JSON."""
        return {
            "name": self.name,
            "about": self.about,
            "against": self.against,
            "reach": None if self.reach is None else str(self.reach),
            "ours": None if self.ours is None else [self.ours.value, self.ours.unit],
            "theirs": None if self.theirs is None else [self.theirs.value, self.theirs.unit],
            "ratio": self.ratio,
            "reached": self.reached,
            "missing": self.missing,
            "detail": dict(self.detail),
        }
