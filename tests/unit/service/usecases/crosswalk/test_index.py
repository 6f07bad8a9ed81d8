"""What the addresses of a crosswalk mean to the configured sources, and what cannot be told."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from connectors.contract import Connector, ConnectorSpec
from connectors.errors import AmbiguousNodeError
from connectors.model import Address, NodeId, parse_address
from harness.toy import Toy
from service.cache.crosswalk import WrittenRow
from service.graph.identity import Crosswalk, Row
from service.usecases.crosswalk.index import LeftOut, Meaning, Meanings, index_rows

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def toy(kind: str, *namespaces: str, tenants: tuple[str, ...] = ()) -> Toy:
    """Make a connector that owns namespaces."""
    return Toy(ConnectorSpec(kind, namespaces, relations=(), scope=(), mapping_version=1), tenants)


class Anywhere(Toy):
    """A connector of any tenant: it has no list to choose from."""

    def claim(self, address: Address) -> tuple[Address, ...]:
        """Claim nothing that leaves the tenant open."""
        if address.namespace in self.spec.namespaces and address.tenant is None:
            raise AmbiguousNodeError("which tenant?", choices=())
        return (address,) if address.namespace in self.spec.namespaces else ()

    def accepts(self, address: Address) -> bool:
        """Accept what names its tenant."""
        return address.tenant is not None and address.namespace in self.spec.namespaces


class Shows(Toy):
    """A connector that accepts more than a caller may type, as one does that shows such values."""

    def accepts(self, address: Address) -> bool:
        """Accept every node of its namespaces."""
        return isinstance(address, NodeId) and address.namespace in self.spec.namespaces


class Strict(Toy):
    """A connector that accepts nothing it would not take from a caller."""

    def accepts(self, address: Address) -> bool:
        """Accept what does not shout."""
        return isinstance(address, NodeId) and not address.key.isupper() and super().accepts(address)


def node(text: str) -> NodeId:
    """Read a node."""
    address = parse_address(text)
    assert isinstance(address, NodeId)
    return address


def row(address: str, same_as: str, *visibility: str, source: str = "cmdb") -> WrittenRow:
    """Write a row."""
    return WrittenRow(address, same_as, source, 0.9, visibility)


def built(connectors: Mapping[str, Connector], *rows: WrittenRow) -> tuple[Crosswalk, tuple[LeftOut, ...]]:
    """Build an index in which three may meet."""
    return index_rows(rows, connectors=connectors, loaded_at=NOON, digest="d", most_members=3)


def members(crosswalk: Crosswalk, text: str) -> list[str]:
    """Give the group of a node."""
    return [str(each) for each in crosswalk.group_of(node(text), visible=lambda _: True).members]


def test_addresses_become_canonical() -> None:
    """A source's own form and the one tenant left out are what the source makes of them."""
    connectors = {"tw": toy("tw", "tw", "obs"), "acc": toy("acc", "acc", tenants=("c",))}
    crosswalk, left_out = built(connectors, row("tw:domain:a", "acc:doc:1", "acc"))
    assert crosswalk.rows == (Row(node("obs:domain:a"), node("acc@c:doc:1"), "cmdb", 0.9, ("acc",)),)
    assert (crosswalk.loaded_at, crosswalk.digest, left_out) == (NOON, "d", ())


def test_what_nobody_claims_stays_as_written() -> None:
    """Without sources every address does; with them, one of a namespace that is none's."""
    for connectors in ({}, {"tw": toy("tw", "tw")}):
        crosswalk, left_out = built(connectors, row("foreign:t:X", "other:t:y"))
        assert crosswalk.rows == (Row(node("foreign:t:X"), node("other:t:y"), "cmdb", 0.9),)
        assert left_out == ()


@pytest.mark.parametrize(
    ("connectors", "told"),
    [
        (
            {"acc": toy("acc", "acc", tenants=("c", "d"))},
            "this address fits 2 configured tenants: acc@c:doc:1, acc@d:doc:1",
        ),
        ({"acc": Anywhere(toy("acc", "acc").spec)}, "which tenant?"),
    ],
)
def test_an_address_that_fits_several_tenants_is_left_out(
    connectors: Mapping[str, Connector], told: str
) -> None:
    """It is never guessed; the rest of the rows is as it is."""
    good, one, other = row("n:t:a", "n:t:b"), row("acc:doc:1", "n:t:a"), row("n:t:a", "acc:doc:1")
    crosswalk, left_out = built(connectors, one, good, other)
    assert len(crosswalk.rows) == 1
    assert left_out == (LeftOut(one, told), LeftOut(other, told))


def test_what_is_refused_when_typed_stays_if_the_source_may_show_it() -> None:
    """A source that would not take a value from a caller and can be asked about it knows such nodes."""
    strict, shows = (kind(toy("s", "s").spec) for kind in (Strict, Shows))
    assert Meanings({"s": strict}).of("s:t:LOUD") == "no shouting"
    meaning = Meanings({"s": shows}).of("s:t:LOUD")
    assert meaning == Meaning(
        node("s:t:LOUD"), doubt="taken as written, since it cannot be normalised: no shouting"
    )
    assert Meanings({"s": strict, "x": Anywhere(strict.spec, ("c",))}).of("s:t:LOUD") == "no shouting"
    # Whoever claims it knows better than whoever refuses it.
    assert Meanings({"a": strict, "b": Anywhere(strict.spec)}).of("s@c:t:LOUD") == Meaning(node("s@c:t:LOUD"))


@pytest.mark.parametrize("text", ["n:t", "n", "n:t:", "@:t:a"])
def test_what_is_no_node_means_nothing(text: str) -> None:
    """Rows are checked before they are loaded; what slips through is left out, never a crash."""
    crosswalk, left_out = built({}, row(text, "n:t:a"))
    assert (crosswalk.rows, len(left_out)) == ((), 1)


def test_an_id_is_the_value_that_another_row_names() -> None:
    """The two are one node, so what is said of the one is said of the other."""
    connectors = {"tw": toy("tw", "tw", "obs")}
    by_id, by_value = row("tw:entity:domain-a", "n:t:1"), row("n:t:2", "tw:domain:a")
    crosswalk, _ = built(connectors, by_id, by_value, row("tw:entity:domain-b", "n:t:3"))
    assert members(crosswalk, "n:t:1") == ["n:t:1", "n:t:2", "obs:domain:a"]
    assert members(crosswalk, "n:t:3") == ["n:t:3", "tw:entity:domain-b"]
    assert Meanings(connectors).of("tw:entity:domain-b") == Meaning(
        node("tw:entity:domain-b"),
        unresolved=True,
        doubt="joins only what is shown by this id, or a value that another row names",
    )
    alone, _ = built(connectors, by_id)
    assert members(alone, "n:t:1") == ["n:t:1", "tw:entity:domain-a"]


def test_a_group_that_is_too_large_is_left_out_whole() -> None:
    """As many as are allowed meet; one more, and none of that group does, while the others stay."""
    fine = [row("n:t:a", "n:t:b"), row("n:t:b", "n:t:c")]
    crowd = [row("n:t:p", "n:t:q"), row("n:t:r", "n:t:s"), row("n:t:q", "n:t:r")]
    crosswalk, left_out = built({}, *fine, *crowd)
    assert members(crosswalk, "n:t:a") == ["n:t:a", "n:t:b", "n:t:c"]
    assert members(crosswalk, "n:t:q") == ["n:t:q"]
    told = "4 addresses would be one thing, 'n:t:p' the smallest; 3 may"
    assert left_out == tuple(LeftOut(each, told) for each in crowd)
    assert (crosswalk.loaded_at, crosswalk.digest) == (NOON, "d")
