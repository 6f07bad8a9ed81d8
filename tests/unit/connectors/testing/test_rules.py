"""Each rule of the contract kit passes a good connector and fails the one that breaks it alone."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from connectors.contract import ConnectorSpec, Guess, Page, Want
from connectors.disposition import USUAL, Disposition, Verdict, classify
from connectors.errors import SourceContractError
from connectors.model import Address, Edge, NodeFacts, NodeId
from connectors.testing.candidate import Candidate
from connectors.testing.example import CITES, Citation, Library, require
from connectors.testing.rules import RULES
from connectors.wire import Call, Reply

Enrol = Callable[..., Candidate]


class RepeatsRelation(Library):
    """C1: declares its relation twice."""

    @property
    def spec(self) -> ConnectorSpec:
        """Give a data sheet that says a thing twice."""
        return replace(super().spec, relations=(CITES, CITES))


class LooksAtClock(Library):
    """C2: looks at the clock before it asks."""

    def ask(self, addresses: Sequence[Address], want: Want) -> Sequence[Call]:
        """Ask, and measure for the fun of it."""
        time.monotonic()
        return super().ask(addresses, want)


class CountsQuestions(Library):
    """C2: keeps state between questions."""

    asked = 0

    def ask(self, addresses: Sequence[Address], want: Want) -> Sequence[Call]:
        """Ask, and count."""
        self.asked += 1
        return super().ask(addresses, want)


class CarriesSecret(Library):
    """C3: notes its credential in the call."""

    def ask(self, addresses: Sequence[Address], want: Want) -> Sequence[Call]:
        """Ask with a secret in the memo."""
        secret = self.settings.token.get_secret_value()
        return tuple(replace(call, memo=(secret,)) for call in super().ask(addresses, want))


class QuotesSecret(Library):
    """C3: tells its credential, written backwards, in an error."""

    def load(self, reply: Reply) -> dict[str, Any]:
        """Read the body, or say too much."""
        try:
            return super().load(reply)
        except SourceContractError as error:
            secret = self.settings.token.get_secret_value()[::-1]
            raise SourceContractError(f"not read with {secret}", path=error.path) from None


class MindsKeyOrder(Library):
    """C4: reads something from the order of JSON keys."""

    def follow(self, call: Call, document: dict[str, Any]) -> tuple[Call, ...]:
        """Take note of what came first."""
        first = next(iter(document), "")
        return tuple(replace(following, memo=(first,)) for following in super().follow(call, document))


class LooksAtEnvironment(Library):
    """C4: reads with an eye on the environment."""

    def load(self, reply: Reply) -> dict[str, Any]:
        """Read, unless told otherwise."""
        os.environ.get("LIBRARY_STRICT")
        return super().load(reply)


class SpeaksOfOthers(Library):
    """C5: tells of two books nobody asked about."""

    def read(self, call: Call, reply: Reply) -> Page:
        """Read a page and add hearsay."""
        page = super().read(call, reply)
        hearsay = [replace(edge, subject=NodeId("library", None, "book", "elsewhere")) for edge in page.edges]
        return replace(page, edges=(*page.edges, *hearsay))


class UsesOtherWords(Library):
    """C6: uses a relation that its data sheet does not have."""

    def edge(self, book: NodeId, citation: Citation) -> Edge:
        """Call it something else."""
        return replace(super().edge(book, citation), relation="mentions")


class TurnsUndirected(Library):
    """C6: says that a directed relation has no direction."""

    def edge(self, book: NodeId, citation: Citation) -> Edge:
        """Drop the direction."""
        return replace(super().edge(book, citation), directed=False)


class NumbersRecords(Library):
    """C7: makes up the records' ids."""

    def edge(self, book: NodeId, citation: Citation) -> Edge:
        """Give the record another name."""
        return replace(super().edge(book, citation), record=f"library/{citation.number}")


class DatesByReceipt(Library):
    """C7: takes the time of receipt for the time of the relation."""

    def read(self, call: Call, reply: Reply) -> Page:
        """Read a page and date its edges now."""
        page = super().read(call, reply)
        edges = (replace(edge, created_at=reply.received_at) for edge in page.edges)
        return replace(page, edges=tuple(edges))


class ForgetsCase(Library):
    """C8: shows titles as they are and claims them in lower case."""

    def claim(self, address: Address) -> Sequence[Address]:
        """Claim the title in lower case."""
        return tuple(replace(a, key=a.key.lower()) for a in super().claim(address) if isinstance(a, NodeId))


class CountsPagesItself(Library):
    """C9: goes on for as long as any next page is named, whichever."""

    def follow(self, call: Call, document: dict[str, Any]) -> tuple[Call, ...]:
        """Ask for one page more."""
        onwards = super().follow(replace(call, query=()), document)
        number = int(dict(call.query).get("from", "1")) + 1
        return tuple(replace(following, query=(("from", str(number)),)) for following in onwards)


class OpensEveryPage(Library):
    """C9: marks later pages as opening ones, whose 404 would make the node absent."""

    def follow(self, call: Call, document: dict[str, Any]) -> tuple[Call, ...]:
        """Follow with an opening call."""
        return tuple(replace(following, opening=True) for following in super().follow(call, document))


class RefusesNothing(Library):
    """C10: takes an empty page for a broken one."""

    def citations(self, document: dict[str, Any]) -> Iterator[Citation]:
        """Give the citations; there must be some."""
        found = list(super().citations(document))
        if not found:
            raise SourceContractError("nothing in it", path="citations")
        return iter(found)


class TakesDeniedForAbsent(Library):
    """C11: reads a refused credential as nothing there."""

    def judge(self, call: Call, reply: Reply) -> Verdict:
        """Judge by a wrong table."""
        return classify(reply, {**USUAL, 401: Disposition.ABSENT})


class WaitsNot(Library):
    """C11: forgets how long the upstream says to wait."""

    def judge(self, call: Call, reply: Reply) -> Verdict:
        """Judge without the wait."""
        return replace(super().judge(call, reply), retry_after=None)


class NamesNoField(Library):
    """C12: says that a citation is wrong, not what of it."""

    def citation(self, row: Any, *, path: str) -> Citation:
        """Check one citation as a whole."""
        try:
            return super().citation(row, path=path)
        except SourceContractError as error:
            raise SourceContractError("wrong", path=path) from error


class SkipsSilently(Library):
    """C12: leaves out what it cannot read, and says nothing."""

    def citations(self, document: dict[str, Any]) -> Iterator[Citation]:
        """Give the citations that have a title."""
        found = require(document.get("citations"), list, path="citations")
        titled = [row for row in found if not isinstance(row, dict) or "title" in row]
        return super().citations({**document, "citations": titled})


class RefusesNews(Library):
    """C12: refuses fields it does not know."""

    def citation(self, row: Any, *, path: str) -> Citation:
        """Check one citation, jealously."""
        for name in require(row, dict, path=path).keys() - {"title", "number", "shelf"}:
            raise SourceContractError("unknown", path=f"{path}.{name}")
        return super().citation(row, path=path)


class MakesUpNumbers(Library):
    """C12: does not miss a required field."""

    def citation(self, row: Any, *, path: str) -> Citation:
        """Check one citation; any number will do."""
        return super().citation({"number": "0"} | row if isinstance(row, dict) else row, path=path)


class LabelsAnew(Library):
    """C13: reads something else than what was recorded, under the same mapping version."""

    def facts(self, citation: Citation) -> NodeFacts:
        """Add a label."""
        return replace(super().facts(citation), label=citation.book.key.title())


class RaisesVersion(Library):
    """C13: says that its mapping changed, with the old recordings."""

    @property
    def spec(self) -> ConnectorSpec:
        """Give a newer data sheet."""
        return replace(super().spec, mapping_version=2)


class TrustsEncoding(Library):
    """C14: takes it for granted that a body is UTF-8."""

    def load(self, reply: Reply) -> dict[str, Any]:
        """Read the body as text first."""
        reply.body.decode("utf-8")
        return super().load(reply)


class TrustsValues(Library):
    """C14: passes on whatever value the upstream sends."""

    def citation(self, row: Any, *, path: str) -> Citation:
        """Check one citation, all but its shelf."""
        checked = super().citation(row if not isinstance(row, dict) else {**row, "shelf": None}, path=path)
        return replace(checked, shelf=row.get("shelf"))


class TrustsKeys(Library):
    """C14: writes a title into the path as it is."""

    def ask(self, addresses: Sequence[Address], want: Want) -> Sequence[Call]:
        """Ask without encoding."""
        return tuple(
            Call("GET", f"/books/{address.key.replace(' ', '%20')}/citations", (address,))
            for address in addresses
            if isinstance(address, NodeId)
        )


class GuessesOthers(Library):
    """C15: guesses at things that it does not know."""

    def recognise(self, text: str) -> Sequence[Guess]:
        """Guess a shelf."""
        return (Guess(NodeId("library", None, "shelf", "V 1"), 1.0),) if "V" in text else ()


class TrustsText(Library):
    """C15: takes it for granted that there is something in a text."""

    def recognise(self, text: str) -> Sequence[Guess]:
        """Guess by the first letter."""
        return super().recognise(text) if text[0] == "h" else ()


BROKEN: dict[str, tuple[type[Library], ...]] = {
    "C1": (RepeatsRelation,),
    "C2": (LooksAtClock, CountsQuestions),
    "C3": (CarriesSecret, QuotesSecret),
    "C4": (MindsKeyOrder, LooksAtEnvironment),
    "C5": (SpeaksOfOthers,),
    "C6": (UsesOtherWords, TurnsUndirected),
    "C7": (NumbersRecords, DatesByReceipt),
    "C8": (ForgetsCase,),
    "C9": (CountsPagesItself, OpensEveryPage),
    "C10": (RefusesNothing,),
    "C11": (TakesDeniedForAbsent, WaitsNot),
    "C12": (NamesNoField, SkipsSilently, RefusesNews, MakesUpNumbers),
    "C13": (LabelsAnew, RaisesVersion),
    "C14": (TrustsEncoding, TrustsValues, TrustsKeys),
    "C15": (GuessesOthers, TrustsText),
}


def test_a_good_connector_keeps_every_rule(enrol: Enrol) -> None:
    """Of a connector without a fault no rule finds any."""
    candidate = enrol(Library, recorder=Library)
    found = {number: list(rule(candidate)) for number, rule in RULES.items()}
    assert found == {number: [] for number in RULES}


@pytest.mark.parametrize(
    ("number", "connector"),
    [pytest.param(n, c, id=f"{n}-{c.__name__}") for n, broken in BROKEN.items() for c in broken],
)
def test_a_broken_connector_fails_its_rule_alone(number: str, connector: type[Library], enrol: Enrol) -> None:
    """Each way of breaking the contract is found by the rule it breaks, and by no other."""
    candidate = enrol(connector, recorder=Library if number == "C13" else connector)
    found = {number: list(rule(candidate)) for number, rule in RULES.items()}
    assert {number for number, faults in found.items() if faults} == {number}, found
