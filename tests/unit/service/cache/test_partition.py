"""Partitions tell callers apart without telling who they are."""

from hypothesis import given
from hypothesis import strategies as st

from service.cache.hasher import Hasher
from service.cache.partition import PUBLIC, configured_partition, credential_partition, tenant_partition

HASHER = Hasher(["a key for tests"])
headers = st.lists(st.tuples(st.sampled_from(["authorization", "api-key"]), st.text(max_size=9)), max_size=3)


@given(one=headers, other=headers)
def test_each_credential_has_its_partition(one: list[tuple[str, str]], other: list[tuple[str, str]]) -> None:
    """Two credentials share a partition exactly when they are the same headers."""
    same = sorted(one) == sorted(other)
    mine = credential_partition(tuple(one), hasher=HASHER)
    assert (mine == credential_partition(tuple(other), hasher=HASHER)) == same


def test_a_header_is_named_as_http_names_it() -> None:
    """The case of a header's name is nothing, that of its value is."""
    lower = credential_partition((("authorization", "Bearer A"),), hasher=HASHER)
    assert lower == credential_partition((("Authorization", "Bearer A"),), hasher=HASHER)
    assert lower != credential_partition((("authorization", "Bearer a"),), hasher=HASHER)


def test_a_partition_does_not_hold_the_credential() -> None:
    """Of the credential only a hash under the operator's key is left."""
    sent = (("authorization", "Bearer CANARY-1"),)
    partition = credential_partition(sent, hasher=HASHER)
    assert "CANARY" not in partition
    assert partition != credential_partition(sent, hasher=Hasher(["another key"]))


@given(text=st.text(max_size=30), tenant=st.none() | st.text(max_size=30))
def test_kinds_of_partitions_never_meet(text: str, tenant: str | None) -> None:
    """Whatever an identity or a tenant is called, it is never taken for another kind."""
    partitions = {
        PUBLIC,
        configured_partition(text),
        tenant_partition(tenant),
        credential_partition((("authorization", text),), hasher=HASHER),
    }
    assert len(partitions) == 4


def test_no_tenant_is_not_a_tenant_without_a_name() -> None:
    """A source without tenants has a partition that no tenant can have."""
    assert tenant_partition(None) != tenant_partition("")
