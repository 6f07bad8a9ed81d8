"""What keeps a crosswalk from being loaded, and what its operator is told all the same."""

from connectors.contract import ConnectorSpec
from harness.toy import Toy
from service.cache.crosswalk import WrittenRow
from service.usecases.crosswalk.check import Checked, check_rows
from service.usecases.crosswalk.file import PlacedRow


def toy(kind: str, *namespaces: str, tenants: tuple[str, ...] = ()) -> Toy:
    """Make a connector that owns namespaces."""
    return Toy(ConnectorSpec(kind, namespaces, relations=(), scope=(), mapping_version=1), tenants)


CONNECTORS = {"acc": toy("acc", "acc", tenants=("c", "d")), "tw": toy("tw", "tw", "obs")}


def placed(*rows: tuple[str, ...]) -> list[PlacedRow]:
    """Place rows in lines from 2 on."""
    return [
        PlacedRow(f"f:{line}", WrittenRow(address, same_as, "cmdb", 1.0, tuple(visibility)))
        for line, (address, same_as, *visibility) in enumerate(rows, start=2)
    ]


def test_what_the_service_can_use_is_neither_wrong_nor_doubtful() -> None:
    """Rows of configured sources, with and without visibility."""
    rows = placed(("acc@c:doc:1", "tw:domain:a"), ("obs:domain:a", "acc@d:doc:2", "acc", "tw"))
    assert check_rows(rows, connectors=CONNECTORS) == Checked((), ())


def test_every_mistake_is_told_where_it_is() -> None:
    """An address in several tenants, one that is refused, an unknown source; each in its column."""
    rows = placed(("acc:doc:1", "obs:domain:LOUD"), ("tw:domain:a", "tw:domain:b", "acc", "feed"))
    assert check_rows(rows, connectors=CONNECTORS).mistakes == (
        "f:2: address: 'acc:doc:1': this address fits 2 configured tenants: acc@c:doc:1, acc@d:doc:1",
        "f:2: same_as: 'obs:domain:LOUD': no shouting",
        "f:3: visibility: no source is called 'feed'; there are: acc, tw",
    )


def test_without_settings_addresses_and_sources_are_taken_as_written() -> None:
    """What cannot be known is no mistake."""
    rows = placed(("acc:doc:1", "obs:domain:LOUD"), ("tw:domain:a", "tw:domain:b", "feed"))
    assert check_rows(rows, connectors=None) == Checked((), ())


def test_what_may_join_less_than_meant_is_a_doubt() -> None:
    """An id instead of its value, and an address that no source accepts, unless `visibility` opens it."""
    rows = placed(
        ("tw:entity:domain-a", "acc@c:doc:1"),
        ("foreign:t:x", "acc@c:doc:1"),
        ("acc@c:doc:1", "foreign:t:x", "acc"),
    )
    told = "joins only what is shown by this id, or a value that another row names"
    assert check_rows(rows, connectors=CONNECTORS) == Checked(
        (),
        (
            f"f:2: address: 'tw:entity:domain-a': {told}",
            "f:3: address: 'foreign:t:x': no source accepts it: without `visibility` nobody sees the row",
        ),
    )


def test_a_group_that_is_too_large_is_one_mistake_at_its_first_row() -> None:
    """Each such group once, named by its smallest address, in the order of the file."""
    rows = placed(
        ("n:t:z", "n:t:y"),
        ("n:t:b", "n:t:c"),
        ("n:t:y", "n:t:x"),
        ("n:t:c", "n:t:a"),
        ("n:t:b", "n:t:c"),
        ("n:t:k", "n:t:l"),
    )
    assert check_rows(rows, connectors=None, most_members=2).mistakes == (
        "f:2: 3 addresses would be one thing, 'n:t:x' the smallest; 2 may",
        "f:3: 3 addresses would be one thing, 'n:t:a' the smallest; 2 may",
    )
    assert check_rows(rows, connectors=None, most_members=3) == Checked((), ())


def test_groups_are_judged_as_the_service_will_see_them() -> None:
    """Two spellings of one address count once, and join what is said of either."""
    rows = placed(("tw:domain:a", "tw:domain:b"), ("obs:domain:a", "tw:domain:c"))
    assert check_rows(rows, connectors=CONNECTORS, most_members=3) == Checked((), ())
    assert len(check_rows(rows, connectors=CONNECTORS, most_members=2).mistakes) == 1
    assert check_rows(rows, connectors=None, most_members=2) == Checked((), ())


def test_there_is_a_most_of_rows() -> None:
    """Too many are one mistake more."""
    rows = placed(("n:t:a", "n:t:b"), ("n:t:c", "n:t:d"))
    assert check_rows(rows, connectors=None, most_rows=1).mistakes == ("2 rows; a crosswalk has at most 1",)
    assert check_rows(rows, connectors=None, most_rows=2) == Checked((), ())
