"""One admitted call: who came, to which container, with what."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.types import Scope

from connectors.sandbox.autodesk.account import Account
from connectors.sandbox.autodesk.container import Container
from connectors.sandbox.autodesk.filter import Pattern
from connectors.sandbox.autodesk.row import Row, render_row
from connectors.sandbox.autodesk.switches import AutodeskSwitches
from connectors.sandbox.faults import FaultRule, rule_of
from connectors.sandbox.journal import note


@dataclass(frozen=True, slots=True)
class Visit:
    """A call past every gate; `query` holds the first value of each name, `body` the parsed JSON."""

    account: Account
    container: Container
    switches: AutodeskSwitches
    now: datetime
    scope: Scope
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any = None

    @property
    def fault(self) -> FaultRule | None:
        """Give the fault that this call has met, if any."""
        return rule_of(self.scope)

    def render(self, row: Row) -> dict[str, Any]:
        """Give a row as this caller sees it."""
        return render_row(
            row,
            read_only_domains=self.account.read_only_domains,
            permission=self.switches.permission_field,
        )

    def note(self, patterns: Iterable[Pattern]) -> None:
        """Write down what is asked about, as `domain:type:id` or a beginning of it."""
        note(self.scope, nodes=[":".join(filter(None, pattern)) for pattern in patterns])


Handler = Callable[[Visit], Any]
