"""A node's other addresses are told in order, each once, whichever sources know them."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from connectors.model import NodeId
from service.usecases.answer.naming import Naming
from service.usecases.answer.telling import teller
from service.usecases.cached.ledger import Ledger
from service.usecases.request import Identity

OWN = "n:t:b"


class _Library:
    """Knows the one node by these addresses, or does not accept it."""

    def __init__(self, aliases: Sequence[str] | None) -> None:
        self._aliases = aliases

    def accepts(self, _node: NodeId) -> bool:
        return self._aliases is not None

    def aliases(self, _node: NodeId) -> Sequence[str]:
        assert self._aliases is not None
        return self._aliases


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ([], []),
        ([None], []),
        ([()], []),
        ([("n:t:c",)], ["n:t:c"]),
        ([("n:t:a", "n:t:c")], ["n:t:a", "n:t:c"]),
        ([("n:t:c", "n:t:a")], ["n:t:a", "n:t:c"]),
        ([("n:t:a", "n:t:a")], ["n:t:a"]),
        ([("n:t:c", OWN)], ["n:t:c"]),
        ([("n:t:c", OWN, "n:t:a")], ["n:t:a", "n:t:c"]),
        ([("n:t:c",), None, ("n:t:a",)], ["n:t:a", "n:t:c"]),
        ([("n:t:c", "n:t:a"), ("n:t:d", "n:t:a")], ["n:t:a", "n:t:c", "n:t:d"]),
        ([("n:t:c",), ("n:t:c",)], ["n:t:c"]),
    ],
)
def test_other_addresses_are_told_in_order_and_once(known: list[Any], told: list[str]) -> None:
    """Without the node's own, be they of one source or of several; and always as a list."""
    sources: Any = [SimpleNamespace(connector=_Library(aliases)) for aliases in known]
    inquiry: Any = SimpleNamespace(fetcher=SimpleNamespace(ledger=Ledger()))
    tell = teller(sources, inquiry=inquiry, naming=Naming(Identity.EXACT, sources=sources))
    assert tell(NodeId("n", None, "t", "b")).aliases == told
