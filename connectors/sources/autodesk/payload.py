"""The documented shape of a reply, and reading bytes into it or saying where they differ.

Shape: relationships:search, body structure (200). Fields that are not listed here are ignored: real
replies carry some that are documented nowhere.
"""

from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from connectors.errors import InvalidNodeIdError, SourceContractError
from connectors.model import NodeId
from connectors.sources.autodesk.address import MAX_ID_LENGTH, is_domain
from connectors.sources.autodesk.container import is_guid
from connectors.sources.autodesk.instant import read_instant


def _read_guid(value: Any) -> str:
    if not isinstance(value, str) or not is_guid(value):
        raise ValueError("not a GUID")
    return value.lower()


def _read_token(value: Any) -> Any:
    # A sample of Autodesk's own compares tokens as numbers, so one may come as a number.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Instant = Annotated[datetime, BeforeValidator(read_instant)]


class _Part(BaseModel):
    model_config = ConfigDict(
        strict=True, frozen=True, extra="ignore", alias_generator=to_camel, hide_input_in_errors=True
    )


class Entity(_Part):
    """One end of a relationship; only domain, type and id together tell it from others."""

    domain: Annotated[str, Field(min_length=1)]
    type: Annotated[str, Field(min_length=1)]
    id: Annotated[str, Field(min_length=1)]
    created_on: Instant | None = None

    def name_node(self, *, container: str | None) -> NodeId | None:
        """Give the node's address in the container that was asked; None for what can have none here."""
        if not is_domain(self.domain) or len(self.id) > MAX_ID_LENGTH:
            return None
        try:
            return NodeId(self.domain, container, self.type, self.id)
        except InvalidNodeIdError:
            return None


class Relationship(_Part):
    """One record; its two entities come in no particular order. What is missing or null is not told."""

    id: Annotated[str, BeforeValidator(_read_guid)]
    created_on: Instant | None = None
    is_read_only: bool | None = None
    is_service: bool | None = None
    is_deleted: bool | None = None
    deleted_on: Instant | None = None
    entities: tuple[Entity, Entity]


class Paging(_Part):
    """Where the listing goes on; absent, null and empty mean that it ends."""

    continuation_token: Annotated[str | None, BeforeValidator(_read_token)] = None


class Listing(_Part):
    """One page of relationships. Without `page` nobody could tell whether it is the last."""

    page: Paging
    relationships: tuple[Relationship, ...]


_WRAPPED: TypeAdapter[tuple[Listing]] = TypeAdapter(tuple[Listing])


def read_listing(body: bytes) -> Listing:
    """Read a reply's body; SourceContractError names the first place that is missing or wrong.

    One captured intersect reply is an object within an array, all others are plain: both will do.
    """
    try:
        if body.lstrip()[:1] == b"[":
            return _WRAPPED.validate_json(body)[0]
        return Listing.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"])
        raise SourceContractError(first["msg"], path="".join(("$", *steps))) from None
