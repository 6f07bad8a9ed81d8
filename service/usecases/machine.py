"""Makes the machine that a request needs: an expansion, or a search for paths."""

from collections.abc import Callable, Sequence

from connectors.model import Address, NodeId
from service.graph.expansion import Expansion
from service.graph.path import PathSearch
from service.graph.rule import Rule
from service.usecases.request import GraphRequest


def machine_of(
    request: GraphRequest, names: Sequence[Address], *, rule: Rule, cost: Callable[[NodeId], int]
) -> Expansion | PathSearch:
    """Make the machine for these seeds, a target last; without any it holds nothing.

    `cost` estimates what it takes to ask about a node.
    """
    if request.to is None or not names:
        return Expansion(*dict.fromkeys(names), hops=request.hops, rule=rule, budget=request.budget)
    seed, target = names
    assert isinstance(seed, NodeId)  # noqa: S101 - the expander has seen to it
    assert isinstance(target, NodeId)  # noqa: S101 - the same
    return PathSearch(
        seed,
        target,
        paths=request.paths,
        longest=request.longest,
        rule=rule,
        budget=request.budget,
        cost=cost,
    )
