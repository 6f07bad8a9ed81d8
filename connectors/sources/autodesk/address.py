"""Which addresses mean something here: an entity, an entity type, a domain or a whole container.

An entity's domain is the namespace, its container the tenant. The namespace `autodesk` alone stands
for the container itself, so nothing can be named in it.
"""

from collections.abc import Sequence
from dataclasses import replace

from connectors.errors import AmbiguousNodeError, InvalidNodeIdError
from connectors.model import Address, NodeId
from connectors.sources.autodesk.container import Containers, read_container

# Every domain of the field guide begins like this; the list is open.
DOMAIN_PREFIX = "autodesk-"
WHOLE_CONTAINER = "autodesk"

# relationships:search, body structure (200): entities[].id, max length 512.
MAX_ID_LENGTH = 512


def is_domain(namespace: str) -> bool:
    """Tell whether a namespace is a domain of the relationship service."""
    return namespace.startswith(DOMAIN_PREFIX)


def claim_address(address: Address, *, containers: Containers) -> Sequence[Address]:
    """Give what `address` can mean in these containers; several when it leaves the container open.

    () when it belongs to nobody here. InvalidNodeIdError when it can mean nothing anywhere,
    AmbiguousNodeError when it can mean any container and there is no list to choose from.
    """
    if not is_domain(address.namespace) and address.namespace != WHOLE_CONTAINER:
        return ()
    if address.namespace == WHOLE_CONTAINER and (isinstance(address, NodeId) or address.type is not None):
        raise InvalidNodeIdError(
            "'autodesk' stands for a whole container, as in autodesk@<container>; "
            "a type or a node is addressed in its own namespace, such as autodesk-bim360-issue"
        )
    claimed = tuple(
        replace(address, tenant=tenant) for tenant in _read_tenants(address.tenant, containers=containers)
    )
    if claimed and isinstance(address, NodeId) and len(address.key) > MAX_ID_LENGTH:
        raise InvalidNodeIdError(f"the key of an Autodesk node is at most {MAX_ID_LENGTH} characters")
    return claimed


def accepts_address(address: Address, *, containers: Containers) -> bool:
    """Tell whether `address` is canonical here: just what `claim_address` gives."""
    try:
        return tuple(claim_address(address, containers=containers)) == (address,)
    except (AmbiguousNodeError, InvalidNodeIdError):
        return False


def _read_tenants(tenant: str | None, *, containers: Containers) -> Sequence[str]:
    if tenant is None:
        if containers == "any":
            raise AmbiguousNodeError(
                "the address needs @container after the namespace: any container is served", choices=()
            )
        return containers
    if containers == "any":
        try:
            return (read_container(tenant),)
        except ValueError as error:
            raise InvalidNodeIdError(str(error)) from error
    return (tenant.lower(),) if tenant.lower() in containers else ()
