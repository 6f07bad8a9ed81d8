"""The measuring process from inside: orders in, one result for each measure out, to the end."""

from collections.abc import Sequence
from io import BytesIO

import pytest

from service.adapters.measuring_main import serve
from service.adapters.measuring_message import LENGTH_BYTES, Order, Result, frame, read_length, read_result
from service.graph.measure import Measure, Number
from service.graph.ruler import Ruler
from service.graph.skeleton import Skeleton

PAIR = Skeleton(2, ((0, 1),), ())
EDGELESS = Skeleton(2, (), ())


class _Broken(Ruler):
    """Fails at the degree."""

    def take(self, measure: Measure) -> Sequence[Number]:
        if measure is Measure.DEGREE:
            raise ArithmeticError("it does not converge")
        return super().take(measure)


def _results(sent: list[bytes]) -> list[Result]:
    assert all(read_length(each[:LENGTH_BYTES]) == len(each) - LENGTH_BYTES for each in sent)
    return [read_result(each[LENGTH_BYTES:]) for each in sent]


def test_every_measure_is_a_result_of_its_own() -> None:
    """Orders are carried out one after the other, their measures in the order asked."""
    orders = BytesIO(
        frame(Order((Measure.DEGREE, Measure.COMPONENTS), PAIR)) + frame(Order((Measure.DEGREE,), EDGELESS))
    )
    sent: list[bytes] = []
    serve(orders, send=sent.append)
    assert _results(sent) == [Result([1, 1]), Result([0, 0]), Result([0, 0])]


def test_a_measure_that_fails_stops_no_other() -> None:
    """What went wrong is told in its place, and the next measure is taken."""
    orders = BytesIO(frame(Order((Measure.DEGREE, Measure.COMPONENTS), PAIR)))
    sent: list[bytes] = []
    serve(orders, send=sent.append, rule=_Broken)
    assert _results(sent) == [Result(None, "ArithmeticError: it does not converge"), Result([0, 0])]


@pytest.mark.parametrize("left", [0, 2])
def test_it_ends_when_nobody_is_there(left: int) -> None:
    """The end of the socket, also within a frame's beginning, is the end."""
    sent: list[bytes] = []
    serve(BytesIO(frame(Order((), PAIR))[:left]), send=sent.append)
    assert sent == []


def test_numbers_keep_their_kind() -> None:
    """A count comes back as an integer, a share as a float, to the last digit."""
    (result,) = _results([frame(Result([3, 0.1 + 0.2, 0.0]))])
    assert result.values is not None
    assert [(type(value), value) for value in result.values] == [(int, 3), (float, 0.1 + 0.2), (float, 0.0)]
