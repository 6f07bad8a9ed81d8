"""The three generations of the upstream's manners: statuses, page base and the shape of a refusal."""

import hashlib
from dataclasses import dataclass
from random import Random
from uuid import UUID

import msgspec
from starlette.responses import Response

from connectors.sandbox.threatwinds.setting import DialectName


class RefusedError(Exception):
    """The call gets no data; `status` is the one of dialect 2023 and is translated by the others."""

    def __init__(self, message: str, *, status: int, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.retry_after = retry_after


class AbsentError(RefusedError):
    """There is no such thing, or not for this caller."""

    def __init__(self) -> None:
        super().__init__("record not found", status=404)


class ThrottledError(RefusedError):
    """The account has used up its minute; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message, status=403, retry_after=retry_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What differs between the generations.

    `relations_statuses` and `entity_statuses` are what success looks like; with two of them it
    depends on the entity, since the documentation lets clients expect either.
    """

    name: DialectName
    relations_statuses: tuple[int, ...]
    entity_statuses: tuple[int, ...]
    absent_status: int
    throttled_status: int
    internal_text: str
    page_base: int
    rich_rows: bool  # lastSeen, visibleBy and the like
    takes_groups: bool  # from 2025 on the gateway sets `groups`, and what clients send is overwritten
    takes_types: bool


DIALECTS: dict[str, Dialect] = {
    "2023": Dialect(
        name="2023",
        relations_statuses=(202,),
        entity_statuses=(200,),
        absent_status=404,
        throttled_status=403,
        internal_text="internal",
        page_base=0,
        rich_rows=False,
        takes_groups=True,
        takes_types=False,
    ),
    "2025": Dialect(
        name="2025",
        relations_statuses=(200, 202),
        entity_statuses=(200, 202),
        absent_status=204,
        throttled_status=403,
        internal_text="internal error",
        page_base=1,
        rich_rows=True,
        takes_groups=False,
        takes_types=True,
    ),
    "2026": Dialect(
        name="2026",
        relations_statuses=(200,),
        entity_statuses=(200,),
        absent_status=404,
        throttled_status=429,
        internal_text="internal error",
        page_base=1,
        rich_rows=True,
        takes_groups=False,
        takes_types=True,
    ),
}

FIRST_SERVER_ERROR = 500


class Refusals:
    """Writes refusals as each dialect does, with an error id minted for every single one."""

    def __init__(self, *, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - repeatable by design, nothing secret

    def answer(self, refusal: RefusedError, *, dialect: Dialect) -> Response:
        """Return the reply for a refusal raised while answering a call."""
        if isinstance(refusal, AbsentError):
            return self.write(refusal.message, status=dialect.absent_status, dialect=dialect)
        if isinstance(refusal, ThrottledError):
            reply = self.write(refusal.message, status=dialect.throttled_status, dialect=dialect)
            if reply.status_code == 429:  # noqa: PLR2004 - a status is its own name
                reply.headers["retry-after"] = str(refusal.retry_after)
            return reply
        return self.write(refusal.message, status=refusal.status, dialect=dialect)

    def write(self, message: str, *, status: int, dialect: Dialect) -> Response:
        """Return an error reply with this status; from 500 on the text gives nothing away."""
        text = message if status < FIRST_SERVER_ERROR else dialect.internal_text
        error_id = str(UUID(int=self._random.getrandbits(128), version=4))
        if status == 204:  # noqa: PLR2004 - a status is its own name
            return Response(status_code=204)
        if dialect.name == "2023":
            return _json({"uuid": error_id, "error": text}, status=status)
        headers = {"x-error": text.encode("ascii", "backslashreplace").decode(), "x-error-id": error_id}
        if dialect.name == "2025":
            return Response(status_code=status, headers=headers)
        error = {
            "message": text,
            "type": "WARNING" if status < FIRST_SERVER_ERROR else "ERROR",
            "code": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
            "error_id": error_id,
        }
        return _json({"error": error}, status=status, headers=headers)


def _json(content: object, *, status: int, headers: dict[str, str] | None = None) -> Response:
    body = msgspec.json.encode(content)
    return Response(body, status_code=status, headers=headers, media_type="application/json")
