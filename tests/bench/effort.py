"""How much is done for each figure: enough to be believed, or enough for a minute in all."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How often things are done before a median is taken.

    seeds       asked about, one after the other, after `warm_up` others
    rounds      turns of a load, or of a deep answer
    turn        seconds that one turn of a load lasts
    offered     seconds that an open load lasts
    starts      of a process, after one that does not count
    colds       of a cold answer that takes seconds
    answers     over which memory may not grow
    project     how many things the Autodesk project has
    """

    seeds: int
    warm_up: int
    rounds: int
    turn: float
    offered: float
    starts: int
    colds: int
    answers: int
    project: int


THOROUGH = Effort(
    seeds=100,
    warm_up=20,
    rounds=9,
    turn=1.5,
    offered=20.0,
    starts=11,
    colds=5,
    answers=6_000,
    project=5_000,
)
QUICK = Effort(
    seeds=25,
    warm_up=8,
    rounds=3,
    turn=0.7,
    offered=5.0,
    starts=3,
    colds=1,
    answers=1_000,
    project=1_500,
)
