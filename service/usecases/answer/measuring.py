"""Measures an answer's graph: at once what takes no time, beside the event loop what may take long."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from service.graph.measure import Measure, Number, is_light
from service.graph.measured import Measured, count_unexpanded
from service.graph.skeleton import Graph, Skeleton, sketch


class Measurer(Protocol):
    """Takes measures away from the event loop."""

    async def take(
        self, measures: Sequence[Measure], *, skeleton: Skeleton, deadline: float
    ) -> Mapping[Measure, Sequence[Number]]:
        """Take the measures in this order and give those that were finished at the deadline.

        `deadline` is in seconds of the clock's `monotonic()`. The numbers of a measure are in the
        order of the skeleton's nodes. Trouble is told by absence, never raised.
        """
        ...


async def load_networkx() -> None:
    """Import what graphs are made and measured with, if nobody has asked for a measure before.

    A tenth of a second and 20 MB, which a start does not take; in a thread, so that other answers go on.
    """
    await asyncio.to_thread(import_module, "service.graph.ruler")


@dataclass(frozen=True, slots=True)
class Measuring:
    """Measures graphs; what is not light is left to `measurer`."""

    measurer: Measurer

    async def measure(self, graph: Graph, measures: Sequence[Measure], *, deadline: float) -> Measured:
        """Take the measures of the graph, the cheap ones first; what the deadline cuts off is left out."""
        from service.graph.ruler import Ruler  # noqa: PLC0415 - see load_networkx

        ids, skeleton = sketch(graph)
        asked = tuple(dict.fromkeys(measures))
        ordered = [measure for measure in Measure if measure in asked]
        light = [measure for measure in ordered if is_light(measure, skeleton=skeleton)]
        heavy = [measure for measure in ordered if measure not in light]
        ruler = Ruler(skeleton)
        values = {measure: ruler.take(measure) for measure in light}
        if heavy:
            values |= await self.measurer.take(heavy, skeleton=skeleton, deadline=deadline)
        unexpanded = count_unexpanded(record for _, record in graph.nodes(data=True))
        return Measured(asked, ids, values, unexpanded)
