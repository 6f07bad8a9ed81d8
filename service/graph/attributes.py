"""Attributes by node or by edge key, as a networkx graph holds them: records, until somebody looks at one.

Most of what is done with a graph is done with its adjacency alone, and to make a dict of each record takes
several times as long as all of that. Whoever looks at one is given a dict, as by networkx itself, which
may be changed, copied, pickled or written as JSON.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from service.graph.record import Record, plain


def peek(attributes: dict[str, Any]) -> Iterable[Record]:
    """Give the values of these, or of a plain dict, as they are held; they are only to be read."""
    return dict.values(attributes)


class Attributes(dict[str, Any]):
    """A dict of dicts, each made when it is first asked for."""

    __slots__ = ()

    def __getitem__(self, key: str) -> Any:
        """Give a value."""
        held = super().__getitem__(key)
        if type(held) is not dict:
            held = self[key] = plain(held)
        return held

    def __iter__(self) -> Iterator[str]:
        """Give the keys."""
        # Where this is a dict's own, what copies a dict takes its values past `__getitem__`.
        return super().__iter__()

    def __eq__(self, other: object) -> bool:
        """Compare as any dict."""
        return dict(self) == other

    def __ne__(self, other: object) -> bool:
        """Compare as any dict."""
        return dict(self) != other

    __hash__ = None  # as of any dict

    def copy(self) -> dict[str, Any]:
        """Give a dict of the same values."""
        return dict(self)

    def get(self, key: str, default: Any = None, /) -> Any:
        """Give a value, or else the default."""
        return self[key] if key in self else default  # noqa: SIM401 - this is that

    def items(self) -> Any:
        """Give keys and values."""
        self._settle()
        return super().items()

    def values(self) -> Any:
        """Give the values."""
        self._settle()
        return super().values()

    def pop(self, key: str, *default: Any) -> Any:
        """Take a value out."""
        self._settle()
        return super().pop(key, *default)

    def popitem(self) -> tuple[str, Any]:
        """Take the last out."""
        self._settle()
        return super().popitem()

    def setdefault(self, key: str, default: Any = None, /) -> Any:
        """Give a value, or else have the default be it."""
        self._settle()
        return super().setdefault(key, default)

    def _settle(self) -> None:
        for key, held in super().items():
            if type(held) is not dict:
                self[key] = plain(held)
