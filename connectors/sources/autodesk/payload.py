"""The documented shape of a reply, and reading bytes into it or saying where they differ.

Shape: relationships:search, body structure (200). Fields that are not listed here are ignored: real
replies carry some that are documented nowhere.
"""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from connectors.errors import InvalidNodeIdError, SourceContractError
from connectors.model import NodeId
from connectors.sources.autodesk.address import MAX_ID_LENGTH
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
    """One end of a relationship; only domain, type and id together tell it from others.

    What could not be written as an address is refused here, where its place is still known.
    """

    domain: str
    type: str
    id: Annotated[str, Field(max_length=MAX_ID_LENGTH)]
    created_on: Instant | None = None

    def name_node(self, *, container: str | None) -> NodeId:
        """Give the node's address in the container that was asked."""
        return NodeId(self.domain, container, self.type, self.id)

    @model_validator(mode="after")
    def _check_address(self) -> Self:
        try:
            self.name_node(container=None)
        except InvalidNodeIdError as error:
            raise ValueError(str(error)) from error
        return self


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
