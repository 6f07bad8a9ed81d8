"""What goes between the service and a measuring process: orders there, results back, in frames."""

import msgspec

from service.graph.measure import Measure, Number
from service.graph.skeleton import Skeleton

# A frame is the length of its body in so many bytes, big-endian, and the body in MessagePack.
LENGTH_BYTES = 4


class Order(msgspec.Struct, frozen=True, array_like=True):
    """The measures to take of one skeleton, in this order."""

    measures: tuple[Measure, ...]
    skeleton: Skeleton


class Result(msgspec.Struct, frozen=True, array_like=True):
    """One number for each node, or None and what went wrong."""

    values: list[Number] | None
    trouble: str = ""


_encoder = msgspec.msgpack.Encoder()
_orders = msgspec.msgpack.Decoder(Order)
_results = msgspec.msgpack.Decoder(Result)


def frame(message: Order | Result) -> bytes:
    """Write a message as a frame."""
    body = _encoder.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def read_length(start: bytes) -> int:
    """Read how many bytes the body of a frame has from its first `LENGTH_BYTES`."""
    return int.from_bytes(start, "big")


def read_order(body: bytes) -> Order:
    """Read the body of a frame that holds an order."""
    return _orders.decode(body)


def read_result(body: bytes) -> Result:
    """Read the body of a frame that holds a result."""
    return _results.decode(body)
