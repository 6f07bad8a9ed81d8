"""Which measures are taken at once, which are left to the measurer, and what comes of both."""

from collections.abc import Mapping, Sequence

from harness.drawing import draw, draw_large, parse_drawing
from service.graph.measure import Measure, Number
from service.graph.skeleton import Skeleton
from service.usecases.answer.measuring import Measuring


class _Measurer:
    """Finishes the first `finishes` measures, each with the number 7 for every node."""

    def __init__(self, finishes: int = 5) -> None:
        self.finishes = finishes
        self.asked: list[tuple[tuple[Measure, ...], int, float]] = []

    async def take(
        self, measures: Sequence[Measure], *, skeleton: Skeleton, deadline: float
    ) -> Mapping[Measure, Sequence[Number]]:
        self.asked.append((tuple(measures), skeleton.size, deadline))
        return {measure: [7] * skeleton.size for measure in measures[: self.finishes]}


async def test_light_measures_ask_nobody() -> None:
    """A small graph's degree, components and betweenness are there without any process."""
    measurer = _Measurer()
    graph = draw(parse_drawing("b-a b-c"), expansion="boundary")
    asked = [Measure.BETWEENNESS, Measure.DEGREE, Measure.COMPONENTS]
    measured = await Measuring(measurer).measure(graph, asked, deadline=1.0)
    assert measurer.asked == []
    assert measured.asked == tuple(asked)
    assert measured.ids == ("a", "b", "c")
    assert measured.values == {
        Measure.DEGREE: [1, 2, 1],
        Measure.COMPONENTS: [0, 0, 0],
        Measure.BETWEENNESS: [0, 1, 0],
    }
    assert measured.unexpanded == {"boundary": 3, "cut": 0, "failed": 0}


async def test_the_rest_goes_out_once_the_cheap_first() -> None:
    """What is not light is one order, in order of cost, each measure once, with the answer's deadline."""
    measurer = _Measurer()
    graph = draw(parse_drawing("a-b"))
    asked = [Measure.COMMUNITIES, Measure.PAGERANK, Measure.DEGREE, Measure.COMMUNITIES]
    measured = await Measuring(measurer).measure(graph, asked, deadline=12.5)
    assert measurer.asked == [((Measure.PAGERANK, Measure.COMMUNITIES), 2, 12.5)]
    assert measured.asked == (Measure.COMMUNITIES, Measure.PAGERANK, Measure.DEGREE)
    assert measured.values == {
        Measure.DEGREE: [1, 1],
        Measure.PAGERANK: [7, 7],
        Measure.COMMUNITIES: [7, 7],
    }


async def test_a_large_graph_goes_out_as_a_whole() -> None:
    """Where nothing is light, even the degree is left to the measurer."""
    measurer = _Measurer()
    await Measuring(measurer).measure(draw_large(nodes=300, edges=900), list(Measure), deadline=1.0)
    assert measurer.asked == [(tuple(Measure), 300, 1.0)]


async def test_what_did_not_finish_is_named() -> None:
    """A measure without numbers is still among those asked, and the others are kept."""
    graph = draw(parse_drawing("a-b"))
    measured = await Measuring(_Measurer(finishes=1)).measure(
        graph, [Measure.PAGERANK, Measure.COMMUNITIES, Measure.DEGREE], deadline=1.0
    )
    assert {name: told["finished"] for name, told in measured.record().items()} == {
        "pagerank": True,
        "communities": False,
        "degree": True,
    }


async def test_no_measure_is_no_work() -> None:
    """Whoever asks for none gets none."""
    measurer = _Measurer()
    measured = await Measuring(measurer).measure(draw(parse_drawing("a-b")), [], deadline=1.0)
    assert (measured.values, measured.record(), measurer.asked) == ({}, {}, [])
