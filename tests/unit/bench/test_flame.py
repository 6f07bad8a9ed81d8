"""What is read from a profiler's samples."""

from bench.flame import shares

LOOP = "Runner.run (asyncio/runners.py:118)"


def test_a_function_counts_once_in_each_sample_it_is_on_the_stack_of() -> None:
    """Whatever line it is at, and however often it calls itself; the largest share comes first."""
    raw = f"{LOOP};walk (b.py:2);walk (b.py:3) 6\n{LOOP};read (c.py:4) 2\n"
    assert shares(raw) == [
        ("Runner.run (asyncio/runners.py)", 1.0),
        ("walk (b.py)", 0.75),
        ("read (c.py)", 0.25),
    ]


def test_only_the_loops_samples_count() -> None:
    """A thread that waits for work is sampled as if it had some."""
    assert shares("_worker (concurrent/futures/thread.py:90) 5\n") == []
