"""Under one key lies what answers one question, for whoever may share the answer, and nothing else."""

from itertools import combinations

from connectors.contract import ConnectorSpec, Deleted, Filter, Freshness, Pace
from connectors.model import NodeId, Selection
from connectors.settings import Visibility
from connectors.wire import Aspect
from harness.toy import Toy
from service.cache.hasher import Hasher
from service.cache.key import Question
from service.usecases.cached.catalog import Catalog
from service.usecases.cached.marker import scope_of
from service.usecases.source import Access, Source

NODE = NodeId("n", None, "t", "a")
HASHER = Hasher(["a key for tests"])


def _source(name: str) -> Source:
    toy = Toy(ConnectorSpec(name, ("n",), relations=(), scope=(), mapping_version=1), (), pushes=False)
    return Source(
        name, toy, Freshness(), Pace(), Visibility.CREDENTIAL, frozenset(), lambda _: Access("", None)
    )


def _catalog(identity: str = "me") -> Catalog:
    names = ("one", "other")
    return Catalog(
        HASHER, {name: _source(name) for name in names}, {name: Access(identity, None) for name in names}
    )


def test_whatever_is_asked_differently_has_a_key_of_its_own() -> None:
    """Source, tenant, address, aspect, filter and who asks: none of them is left out."""
    asked = [
        ("one", NODE, Aspect.RELATIONS, Filter()),
        ("other", NODE, Aspect.RELATIONS, Filter()),
        ("one", NodeId("n", "c", "t", "a"), Aspect.RELATIONS, Filter()),
        ("one", Selection("n", None, "t"), Aspect.RELATIONS, Filter()),
        ("one", NODE, Aspect.DESCRIPTION, Filter()),
        ("one", NODE, Aspect.RELATIONS, Filter(deleted=Deleted.ONLY)),
    ]
    mine, yours = _catalog(), _catalog("you")
    keys = [catalog.listing(*each) for catalog in (mine, yours) for each in asked]
    assert all(one != other for one, other in combinations(keys, 2))
    assert [mine.listing(*each) for each in asked] == keys[: len(asked)]


def test_a_key_is_the_canonical_question_s() -> None:
    """However often it is asked for, it is what the cache calls that question."""
    catalog = _catalog()
    scope = scope_of(catalog.sources["one"], catalog.accesses["one"], tenant=None)
    question = Question(scope, None, str(NODE), Aspect.RELATIONS, Filter())
    keys = {catalog.listing("one", NODE, Aspect.RELATIONS, Filter()) for _ in range(2)}
    assert keys == {question.key(HASHER)}


def test_facts_kept_apart_go_by_tenant_node_and_words() -> None:
    """One tenant's word for a node is not another's, and no telling overwrites another one."""
    catalog = _catalog()
    told = [
        (None, NODE, b"1"),
        ("c", NODE, b"1"),
        (None, NodeId("n", None, "t", "b"), b"1"),
        (None, NODE, b"2"),
    ]
    assert len({catalog.facts("one", *each) for each in told}) == len(told)
