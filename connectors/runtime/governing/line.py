"""Who is next: start-time fair queueing over callers, first come first served within each.

Rules: a ticket's tag is max(virtual time, its caller's last tag) + 1/weight; the lowest tag goes
first, of equal ones the earlier ticket. Virtual time is the highest tag that has gone. So a caller
who comes anew stands behind one ticket of each other caller, however many those have in line. Who
leaves the line unserved is charged nothing for it. Goyal, Vin and Cheng, "Start-time fair queueing"
(1996).
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass, replace

from connectors.ports import Caller


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in the line; `tag` is charged to `caller`, `process` has to stay alive."""

    name: str
    process: str
    caller: Caller
    tag: float
    number: int


class Line:
    """The tickets that wait, by tag."""

    def __init__(self) -> None:
        """Start with nobody."""
        self._tickets: dict[str, Ticket] = {}
        self._order: list[tuple[float, int, str]] = []
        self._last: dict[str, float] = {}
        self._virtual = 0.0
        self._number = 0

    def __len__(self) -> int:
        """Count the tickets."""
        return len(self._tickets)

    def __contains__(self, name: str) -> bool:
        """Tell whether a ticket waits."""
        return name in self._tickets

    @property
    def tickets(self) -> Sequence[Ticket]:
        """Give every ticket, the next first."""
        return [self._tickets[name] for _, _, name in self._order]

    def front(self, number: int) -> Sequence[Ticket]:
        """Give so many who are next."""
        return [self._tickets[name] for _, _, name in self._order[:number]]

    def find(self, name: str) -> Ticket | None:
        """Give a ticket by its name, if it waits."""
        return self._tickets.get(name)

    def ahead(self, callers: Sequence[Caller]) -> int:
        """Count the tickets that a new one of these callers would stand behind."""
        tag, _ = self._lowest(callers)
        return bisect_right(self._order, (tag, self._number + 1, ""))

    def enter(self, name: str, *, process: str, callers: Sequence[Caller]) -> None:
        """Have a ticket wait in the name of that one of its callers who is next soonest."""
        tag, caller = self._lowest(callers)
        self._number += 1
        self._last[caller.name] = tag
        self._insert(Ticket(name, process, caller, tag, self._number))

    def promote(self, name: str, *, caller: Caller) -> None:
        """Charge a waiting ticket to `caller` too, if that brings it forward."""
        ticket = self._tickets.get(name)
        tag, _ = self._lowest([caller])
        if ticket is None or caller.name == ticket.caller.name or tag >= ticket.tag:
            return
        self._take_out(ticket)
        self._refund(ticket.caller)
        self._last[caller.name] = tag
        self._insert(replace(ticket, caller=caller, tag=tag))

    def serve(self, ticket: Ticket) -> None:
        """Take out somebody whose turn it is, and let virtual time pass."""
        self._virtual = max(self._virtual, ticket.tag)
        self._take_out(ticket)
        self._forget()

    def leave(self, name: str) -> None:
        """Take a ticket out unserved, if it waits."""
        if ticket := self._tickets.get(name):
            self._take_out(ticket)
            self._refund(ticket.caller)
            self._forget()

    def _lowest(self, callers: Sequence[Caller]) -> tuple[float, Caller]:
        tags = [
            max(self._virtual, self._last.get(caller.name, 0.0)) + 1.0 / caller.weight for caller in callers
        ]
        tag = min(tags)
        return tag, callers[tags.index(tag)]

    def _refund(self, caller: Caller) -> None:
        last = self._last.get(caller.name, 0.0) - 1.0 / caller.weight
        self._last[caller.name] = max(self._virtual, last)

    def _insert(self, ticket: Ticket) -> None:
        self._tickets[ticket.name] = ticket
        insort(self._order, (ticket.tag, ticket.number, ticket.name))

    def _take_out(self, ticket: Ticket) -> None:
        del self._tickets[ticket.name]
        del self._order[bisect_left(self._order, (ticket.tag, ticket.number, ticket.name))]

    def _forget(self) -> None:
        # With nobody in line each caller's last tag has gone or was given back: none is above
        # virtual time, and all of them mean the same as none.
        if not self._tickets:
            self._last.clear()
