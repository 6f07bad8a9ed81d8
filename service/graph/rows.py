"""Records that are written when somebody reads them.

An answer has thousands of nodes, and most of them are only passed on as JSON: a record is written, encoded
and let go of while all of it is still near. To write all of them first, and to come back to each, takes
twice as long, as they have to be fetched from the memory then.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar, overload

from msgspec import Raw

from service.graph.record import Record

R_co = TypeVar("R_co", bound=Record, covariant=True)


class Rows(Sequence[R_co]):
    """So many records, given by `write` in their order, each time alike; who looks at one has them kept."""

    def __init__(
        self,
        count: int,
        *,
        write: Callable[[], Iterable[R_co]],
        give: Callable[[], Iterable[R_co | Raw]] | None = None,
    ) -> None:
        """Write nothing yet; `give` writes them for who passes by, some as the JSON they are."""
        self._count = count
        self._write = write
        self._give = give or write
        self._kept: list[R_co] | None = None

    def passing(self) -> Iterable[R_co | Raw]:
        """Give the records to whoever only writes them as JSON, and keeps none of them."""
        return self._give() if self._kept is None else self._kept

    def __len__(self) -> int:
        """Count them."""
        return self._count

    def __iter__(self) -> Iterator[R_co]:
        """Give them in their order."""
        return iter(self._all())

    @overload
    def __getitem__(self, place: int) -> R_co: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[R_co]: ...
    def __getitem__(self, place: int | slice) -> R_co | Sequence[R_co]:
        """Give one or several."""
        return self._all()[place]

    def __eq__(self, other: object) -> bool:
        """Compare as a list of them."""
        return self._all() == (other._all() if isinstance(other, Rows) else other)

    __hash__ = None  # type: ignore[assignment] # as of any list

    def _all(self) -> list[R_co]:
        if self._kept is None:
            self._kept = list(self._write())
        return self._kept
