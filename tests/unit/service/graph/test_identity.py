"""Groups of addresses that are one thing: against a closure anybody can check, and whatever the order."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from connectors.model import NodeId
from service.graph.identity import ASSERTED, Crosswalk, Evidence, Group, Row

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def node(key: str) -> NodeId:
    """Give a node."""
    return NodeId("n", None, "t", key)


NODES = [node(key) for key in "abcdefgh"]
rows = st.builds(
    Row,
    address=st.sampled_from(NODES),
    same_as=st.sampled_from(NODES),
    source=st.sampled_from(["cmdb", "jane"]),
    confidence=st.sampled_from([0.5, 1.0]),
    visibility=st.sampled_from([(), ("acc",)]),
)
tables = st.lists(rows, max_size=12)


def everything(row: Row) -> bool:
    """Let every row through."""
    return True


def closure(table: Iterable[Row], seed: NodeId) -> set[NodeId]:
    """Give what the seed is the same as, by going over all rows until nothing is added."""
    table, found, before = list(table), {seed}, set[NodeId]()
    while found != before:
        before = set(found)
        for row in table:
            if {row.address, row.same_as} & found:
                found |= {row.address, row.same_as}
    return found


def index(table: Iterable[Row]) -> Crosswalk:
    """Build the index."""
    return Crosswalk(table, loaded_at=NOON, digest="d")


@given(tables, st.sampled_from(NODES))
def test_a_group_is_the_closure_of_the_visible_rows(table: list[Row], seed: NodeId) -> None:
    """Its members are those that the visible rows join, ascending, and the smallest is the merged one."""
    visible: Callable[[Row], bool] = lambda row: not row.visibility  # noqa: E731 - a predicate
    group = index(table).group_of(seed, visible=visible)
    assert set(group.members) == closure(filter(visible, table), seed)
    assert [str(member) for member in group.members] == sorted(map(str, group.members))
    assert str(group.merged) == min(map(str, group.members))


@given(tables)
def test_every_member_has_the_same_group(table: list[Row]) -> None:
    """Whichever member is asked about, the group is equal, its evidence with it."""
    crosswalk = index(table)
    for seed in NODES:
        group = crosswalk.group_of(seed, visible=everything)
        assert all(crosswalk.group_of(member, visible=everything) == group for member in group.members)


@given(tables, st.sampled_from(NODES), st.data())
def test_neither_order_nor_repetition_counts(table: list[Row], seed: NodeId, data: st.DataObject) -> None:
    """Rows in another order, some of them twice, some turned round, give the same group."""
    turned = [
        Row(row.same_as, row.address, row.source, row.confidence, row.visibility)
        if data.draw(st.booleans())
        else row
        for row in data.draw(st.permutations(table + table))
    ]
    assert index(turned).group_of(seed, visible=everything) == index(table).group_of(seed, visible=everything)


@given(tables, rows, st.sampled_from(NODES))
def test_a_row_taken_away_or_hidden_was_never_there(table: list[Row], extra: Row, seed: NodeId) -> None:
    """A hidden row leaves the group just as a crosswalk without it would have it."""
    without = index(row for row in table if row != extra)
    group = index([*table, extra]).group_of(seed, visible=lambda row: row != extra)
    assert group == without.group_of(seed, visible=everything)


@given(tables, st.sampled_from(NODES))
def test_evidence_is_the_rows_that_touch_a_member(table: list[Row], seed: NodeId) -> None:
    """Each member has what joins it, seen from its side, once, in one order."""
    group = index(table).group_of(seed, visible=everything)
    assert set(group.evidence) == set(group.members)
    for member, told in group.evidence.items():
        assert set(told) == {
            Evidence(other, ASSERTED, row.source, row.confidence, NOON)
            for row in table
            for end, other in ((row.address, row.same_as), (row.same_as, row.address))
            if end == member != other
        }
        keys = [(str(each.same_as), each.source, each.confidence) for each in told]
        assert keys == sorted(set(keys))


@given(tables, st.sampled_from(NODES))
def test_only_the_rows_of_the_group_are_looked_at_and_once(table: list[Row], seed: NodeId) -> None:
    """The predicate is asked about each row of the component once, and about no other."""
    asked: list[Row] = []
    group = index(table).group_of(seed, visible=lambda row: asked.append(row) is None)
    assert len(asked) == len(set(asked))
    assert {end for row in asked for end in (row.address, row.same_as)} <= set(group.members)


@given(tables)
def test_components_are_the_groups_of_all_rows(table: list[Row]) -> None:
    """Every group of two or more comes once, nothing else does."""
    crosswalk = index(table)
    groups = {crosswalk.group_of(seed, visible=everything).members for seed in NODES}
    found = list(crosswalk.components())
    assert len(found) == len(set(found))
    assert set(found) == {members for members in groups if len(members) > 1}
    assert {seed for seed in NODES if seed in crosswalk} == {node for members in found for node in members}


def test_a_node_that_no_row_names_is_alone() -> None:
    """It is its own group, without evidence; so it is in an empty crosswalk."""
    assert Crosswalk().group_of(node("a"), visible=everything) == Group((node("a"),), {node("a"): ()})
    assert node("a") not in Crosswalk()


def test_a_row_about_one_address_joins_nothing() -> None:
    """That a thing is itself is no evidence."""
    crosswalk = index([Row(node("a"), node("a"), "cmdb", 1.0)])
    assert node("a") not in crosswalk
    assert crosswalk.group_of(node("a"), visible=everything).evidence == {node("a"): ()}


def test_a_group_can_be_kept_by_its_value() -> None:
    """Equal groups hash alike, so an answer can gather its nodes by them."""
    crosswalk = index([Row(node("a"), node("b"), "cmdb", 1.0)])
    one, other = (crosswalk.group_of(node(key), visible=everything) for key in "ab")
    assert {one: 1}[other] == 1
