"""What a test may turn about the relationship service, the undocumented answers above all."""

from dataclasses import dataclass, field
from typing import Literal

READ, CREATE, WRITE = "data:read", "data:create", "data:write"
ALL_SCOPES = (READ, CREATE, WRITE)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token added by switch stands for: a user, the containers open to that user, and scopes.

    A refresh token is bound to `client_id` (the demo client when None); `generation` matters for
    access tokens only, see `access_token_generation`.
    """

    user: str
    containers: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ALL_SCOPES
    read_only_domains: tuple[str, ...] = ()
    client_id: str | None = None
    generation: int = 0


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A registered Secure Service Account: whose assertions are believed, and as which user it acts.

    Without `containers` the user is one of the demo users and sees what that user sees. The client's
    secret is the demo client's unless told.
    """

    key_id: str
    public_key_pem: str
    client_id: str
    user: str
    containers: tuple[str, ...] | None = None
    client_secret: str | None = None


@dataclass(frozen=True, slots=True)
class AutodeskSwitches:
    """How this upstream behaves; every default is the documented or, failing that, the likeliest answer."""

    # Quota: per user, over all relationship endpoints together; None is no quota. A shorter window than the
    # documented one is for tests of what comes after it.
    requests_per_minute: int | None = 120
    quota_seconds: int = 60
    retry_after: Literal["seconds", "date", "omit"] = "seconds"

    # Credentials. Raising the generation voids every access token issued so far, the named constants too.
    accounts: dict[str, Grant] = field(default_factory=dict)
    refresh_tokens: dict[str, Grant] = field(default_factory=dict)
    service_accounts: dict[str, ServiceAccount] = field(default_factory=dict)
    access_token_seconds: int = 3599
    access_token_generation: int = 0

    # Where a container is found.
    unknown_container: Literal[403, 404] = 403
    region_omitted: Literal["refuse", "route"] = "refuse"
    broken_containers: tuple[str, ...] = ()

    # Reading the parameters.
    default_page_limit: int = 100
    maximum_page_limit: int = 100
    page_limit_above_maximum: Literal["clamp", "refuse"] = "clamp"
    parameter_names: Literal["exact", "any_case"] = "exact"
    missing_parent: Literal["refuse", "ignore", "apply"] = "refuse"
    only_deleted_alone: Literal["deleted", "empty"] = "deleted"
    created_bounds: Literal["exclusive", "inclusive"] = "exclusive"

    # Listing.
    order: Literal["created", "scattered"] = "created"
    continuation: Literal["offset", "bound"] = "offset"
    bad_continuation: Literal["refuse", "first_page"] = "refuse"
    last_page: Literal["omit", "null", "empty"] = "omit"
    permission_field: bool = True
    deleted_by_id: Literal["show", "hide"] = "show"
    unknown_in_batch: Literal["omit", "refuse"] = "omit"

    # Synchronization.
    sync_page_size: int = 100
    sync_token_seconds: int | None = None
    stale_sync: Literal["overwrite", "refuse"] = "overwrite"
    filters_on_resume: Literal["refuse", "ignore"] = "refuse"
    bootstrap_overwrites: bool = False
    bootstrap_lists_deleted: bool = False
    sync_marks_deleted: bool = True

    # Writing.
    create_maximum: int = 20
    existing_pair: Literal["existing", "conflict"] = "existing"
    deleted_pair: Literal["new_row", "revive"] = "new_row"
    pair_not_writable: Literal[400, 403] = 400
    entity_missing: Literal[400, 403, 404] = 403
    created_entities_dated: bool = True
    empty_success: Literal["list", "omit"] = "list"
    unknown_in_delete: Literal["omit", "refuse"] = "omit"
