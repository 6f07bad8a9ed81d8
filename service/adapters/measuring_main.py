"""The measuring process itself: carries out the orders that come in on its standard input, a socket.

Started as `python -m service.adapters.measuring_main <pid of the parent>`. Each result leaves as soon
as it is there, so that what is finished is known when the process is killed. It ends with its
parent: where the kernel does not see to that, at the end of the order in work, as the socket ends.
"""

import os
import socket
import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO

from service.adapters.measuring_message import LENGTH_BYTES, Order, Result, frame, read_length, read_order
from service.graph.ruler import Ruler
from service.graph.skeleton import Skeleton
from service.lifeline import die_with_parent

# Who waits for an answer that needs no measure comes first.
_NICENESS = 5


def serve(
    orders: BinaryIO, *, send: Callable[[bytes], None], rule: Callable[[Skeleton], Ruler] = Ruler
) -> None:
    """Carry out orders until there are no more, and send one result for each measure."""
    while len(start := orders.read(LENGTH_BYTES)) == LENGTH_BYTES:
        order = read_order(orders.read(read_length(start)))
        for result in _carry_out(order, rule(order.skeleton)):
            send(frame(result))


def _carry_out(order: Order, ruler: Ruler) -> Iterator[Result]:
    for measure in order.measures:
        try:
            yield Result(list(ruler.take(measure)))
        except Exception as error:  # noqa: BLE001 - whatever the library raises, the other measures go on
            yield Result(None, f"{type(error).__name__}: {error}")


def _main() -> None:
    die_with_parent(int(sys.argv[1]))
    os.nice(_NICENESS)
    with socket.socket(fileno=sys.stdin.fileno()) as line, line.makefile("rb") as orders:
        serve(orders, send=line.sendall)


if __name__ == "__main__":
    _main()
