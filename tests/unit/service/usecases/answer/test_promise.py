"""What data sheets promise of asking about a node."""

from typing import Any

import pytest

from connectors.model import NodeId
from service.usecases.answer.naming import Naming
from service.usecases.answer.promise import cost, presumes, tells_all
from service.usecases.request import Identity

SHARED, OWN, FOREIGN = (NodeId(namespace, None, "t", "a") for namespace in ("obs", "s1", "nowhere"))


@pytest.fixture
def naming(stage: Any) -> Naming:
    """Name nodes over one source that promises all and takes many in a call, and one that does neither."""
    stage.source("s1", "s1", "obs", both_ends_list=True, batch_size=20)
    stage.source("s2", "s2", "obs")
    return Naming(Identity.EXACT, sources=stage.sources)


def test_a_node_costs_its_part_of_every_call(naming: Naming) -> None:
    """In sixtieths: a place in a batch of twenty is three, a call of its own sixty."""
    assert [cost(node, naming=naming) for node in (OWN, SHARED, FOREIGN)] == [3, 63, 0]


def test_all_is_told_where_everybody_asked_promises_it(naming: Naming) -> None:
    """One source that does not is enough to leave it open, and so is nobody to ask."""
    assert [tells_all(node, naming=naming) for node in (OWN, SHARED, FOREIGN)] == [True, False, False]


def test_it_is_presumed_until_somebody_knows_better(stage: Any) -> None:
    """Where nobody knows it is; one source that is known to leave relations out is enough against it."""
    stage.source("s1", "s1", both_ends_list=True)
    stage.source("s2", "s2")
    assert presumes(stage.sources)
    stage.source("s3", "s3", both_ends_list=False)
    assert not presumes(stage.sources)
