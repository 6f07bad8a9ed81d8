"""Who may share what was fetched: the partition that is part of every cache key.

Each kind of partition has its own first word, up to the colon, so that no two kinds can meet:
`credential:` a keyed hash of what a caller sent, `configured:` the name of the operator's own
identity, `tenant:` everybody the upstream accepts for a tenant, `public` everybody.
"""

from connectors.credential import Scheme
from connectors.wire import Pairs
from service.cache.hasher import Hasher

PUBLIC = "public"


def credential_partition(headers: Pairs, *, hasher: Hasher) -> str:
    """Give the partition of what a caller sent, as the headers that go upstream.

    Header names compare as HTTP compares them and their order is nothing; values are taken as they
    are. The hash is keyed: it cannot be computed from the credential without the operator's key.
    """
    sent = tuple(sorted((name.lower(), value) for name, value in headers))
    return f"credential:{hasher.text('credential', sent)}"


def caller_partition(scheme: Scheme, value: str, *, hasher: Hasher) -> str:
    """Give the partition of the credential a caller writes as `<scheme> <value>`."""
    return credential_partition((("scheme", scheme.value), ("value", value)), hasher=hasher)


def configured_partition(identity: str) -> str:
    """Give the partition of a configured identity, which names a credential without being one."""
    return f"configured:{identity}"


def tenant_partition(tenant: str | None) -> str:
    """Give the partition of a tenant; None is the one of a source that has no tenants."""
    return "tenant" if tenant is None else f"tenant:{tenant}"
