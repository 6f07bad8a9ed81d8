"""Taking turns within one run: what disturbs one side disturbs the other."""

from collections.abc import Callable, Sequence

from bench.question import question
from bench.wire import Connection

Times = tuple[list[float], list[float]]


def in_turns(
    urls: tuple[str, str], seeds: tuple[Sequence[str], Sequence[str]], *, hops: int, unasked: int
) -> Times:
    """Ask each about its seeds, and give the seconds each took; the first `unasked` do not count."""
    connections = [Connection(url) for url in urls]
    taken: Times = ([], [])
    for turn, pair in enumerate(zip(*seeds, strict=True)):
        for each in (0, 1) if turn % 2 else (1, 0):
            heard = connections[each].ask(question(pair[each], hops=hops))
            if heard.status != 200:
                raise RuntimeError(f"no answer: {heard.status}")
            if turn >= unasked:
                taken[each].append(heard.seconds)
    for connection in connections:
        connection.close()
    return taken


def alternating(*asks: Callable[[], float], rounds: int) -> list[list[float]]:
    """Do each in turn, so many rounds, and give what each gave: what disturbs one disturbs the other."""
    taken: list[list[float]] = [[] for _ in asks]
    for turn in range(rounds):
        # Who goes first changes: what one leaves behind is not always the same one's to meet.
        order = range(len(asks)) if turn % 2 == 0 else reversed(range(len(asks)))
        for each in order:
            taken[each].append(asks[each]())
    return taken
