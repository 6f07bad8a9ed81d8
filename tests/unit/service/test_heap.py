"""What an answer lets go of is there for the next one."""

import subprocess
import sys

import pytest

# Blocks as those of an answer, made and let go of together; prints how many pages a round was handed.
_ROUNDS = """
from resource import RUSAGE_SELF, getrusage
from service.heap import keep_freed
print(int(not {keeps} or keep_freed()))
for round in range(12):
    if round == 2:
        before = getrusage(RUSAGE_SELF).ru_minflt
    blocks = [bytes(1_200_000) for _ in range(5)]
    del blocks
print((getrusage(RUSAGE_SELF).ru_minflt - before) // 10)
"""


def _pages(*, keeps: bool) -> int:
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _ROUNDS.format(keeps=keeps)], check=True, capture_output=True, text=True
    )
    known, pages = map(int, ran.stdout.split())
    if not known:
        pytest.skip("this system's C library cannot be asked to keep what was freed")
    return pages


def test_the_same_blocks_are_not_handed_out_page_by_page_again() -> None:
    """Left alone, the C library gives them back whenever a round is over, some 1 400 pages."""
    assert _pages(keeps=True) < 50 < _pages(keeps=False)
