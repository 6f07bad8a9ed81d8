"""Every kind of fault is told in its own words, beyond the one for each rule in `test_rules`."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Guess, Page, Want
from connectors.disposition import USUAL, Disposition, Verdict, classify
from connectors.errors import InvalidNodeIdError
from connectors.model import Address, NodeFacts, NodeId, Outcome, Selection
from connectors.testing.candidate import Candidate
from connectors.testing.example import Citation, Library
from connectors.testing.rules import RULES
from connectors.wire import Call, Reply

Enrol = Callable[..., Candidate]
OTHER = NodeId("library", None, "book", "other")


class TakesOut(Library):
    """C2: takes the addresses out of the list it is given."""

    def ask(self, addresses: Sequence[Address], want: Want) -> Sequence[Call]:
        """Ask, and leave the list empty."""
        calls = super().ask(list(addresses), want)
        if isinstance(addresses, list):
            addresses.clear()
        return calls


class NumbersItself(Library):
    """C2: asks something else than the next connector of the same settings."""

    made = iter(range(10_000))

    def ask(self, addresses: Sequence[Address], want: Want) -> Sequence[Call]:
        """Ask with a number of its own."""
        return tuple(replace(call, memo=(str(next(self.made)),)) for call in super().ask(addresses, want))


class MakesLists(Library):
    """C2: makes calls that no set can hold."""

    def ask(self, addresses: Sequence[Address], want: Want) -> Sequence[Call]:
        """Ask with a list for a memo."""
        memo: Any = ["a list"]
        return tuple(replace(call, memo=memo) for call in super().ask(addresses, want))


class SignsItself(Library):
    """C3: adds a credential header where the sender does."""

    def ask(self, addresses: Sequence[Address], want: Want) -> Sequence[Call]:
        """Ask with a header that is not its business."""
        return tuple(replace(call, headers=(("X-Api-Key", "x"),)) for call in super().ask(addresses, want))


class ReadsOnce(Library):
    """C4: gives a page only at its first reading."""

    def facts(self, citation: Citation) -> NodeFacts:
        """Give each book the next number for a label."""
        self.count = getattr(self, "count", 0) + 1
        return replace(super().facts(citation), label=str(self.count))


class AsksForOthers(Library):
    """C5: makes calls about something else."""

    def ask(self, addresses: Sequence[Address], want: Want) -> Sequence[Call]:
        """Ask about another book too."""
        return super().ask((*addresses, OTHER), want)


class TellsOfOthers(Library):
    """C5: gives facts of a node that is neither asked about nor an end."""

    def facts(self, citation: Citation) -> NodeFacts:
        """Tell of another book."""
        return NodeFacts(OTHER)


class HasOneAlias(Library):
    """C8: calls everything by one other name."""

    def aliases(self, node: NodeId) -> Sequence[str]:
        """Give the same alias for all."""
        return (str(OTHER),)


class TakesTroubleForAnswer(Library):
    """C11: reads every status as an answer."""

    def judge(self, call: Call, reply: Reply) -> Verdict:
        """Judge a redirect and a refusal as good."""
        return classify(reply, {**USUAL, 301: Disposition.ABSENT})


class Quotes(Library):
    """C11: quotes the upstream."""

    def judge(self, call: Call, reply: Reply) -> Verdict:
        """Judge, and tell what the upstream said."""
        verdict = super().judge(call, reply)
        return replace(verdict, detail=reply.headers.get("x-error", verdict.detail))


class SaysNothing(Library):
    """C11: does not say what is wrong, which the walk then has to guess."""

    def judge(self, call: Call, reply: Reply) -> Verdict:
        """Judge, with an empty detail."""
        verdict = super().judge(call, reply)
        return verdict if verdict.detail is None else replace(verdict, detail=" " * 400)


class StumblesOverGaps(Library):
    """C12: escapes with a KeyError when a field is missing."""

    def citation(self, row: Any, *, path: str) -> Citation:
        """Take the shelf and the number for granted."""
        if isinstance(row, dict):
            row["number"]
        return super().citation(row, path=path)


class StumblesOverNull(Library):
    """C12: escapes with an AttributeError when a field is null."""

    def citation(self, row: Any, *, path: str) -> Citation:
        """Take the title for text."""
        if isinstance(row, dict):
            row.get("title", "").strip()
        return super().citation(row, path=path)


class StumblesWhileJudging(Library):
    """C14: parses what it judges."""

    def judge(self, call: Call, reply: Reply) -> Verdict:
        """Judge by the body."""
        json.loads(reply.body)
        return super().judge(call, reply)


class StumblesWhileClaiming(Library):
    """C14: cannot take every key."""

    def claim(self, address: Address) -> Sequence[Address]:
        """Claim what is ASCII."""
        if isinstance(address, NodeId):
            address.key.encode("ascii")
        return super().claim(address)


class StumblesWhileAsking(Library):
    """C14: cannot ask about every key."""

    def ask(self, addresses: Sequence[Address], want: Want) -> Sequence[Call]:
        """Ask about short keys."""
        return [{True: call}[len(call.target) < 1000] for call in super().ask(addresses, want)]


class ClaimsAnew(Library):
    """C14: claims what it claimed as something else again."""

    def claim(self, address: Address) -> Sequence[Address]:
        """Add a slash to every key that has one."""
        slashed = isinstance(address, NodeId) and "/" in address.key
        return (replace(address, key=f"{address.key}/"),) if slashed else super().claim(address)


class Climbs(Library):
    """C14: writes keys into the path and leaves the dots."""

    def ask(self, addresses: Sequence[Address], want: Want) -> Sequence[Call]:
        """Ask at a path of the book's own."""
        climbs = any(isinstance(address, NodeId) and address.key == ".." for address in addresses)
        calls = super().ask(addresses, want)
        return tuple(replace(call, path="/books/..") for call in calls) if climbs else calls


class CountsHugely(Library):
    """C14: passes on a total that no codec can hold."""

    def read(self, call: Call, reply: Reply) -> Page:
        """Read a page, and take its own word for the total."""
        return replace(super().read(call, reply), total=10**30)


class WritesHeaders(Library):
    """C14: puts a key into a header."""

    def ask(self, addresses: Sequence[Address], want: Want) -> Sequence[Call]:
        """Ask with the title in a header."""
        return tuple(
            replace(c, headers=(("x-title", str(c.nodes[0])),)) for c in super().ask(addresses, want)
        )


class AsksInSurrogates(Library):
    """C14: asks what UTF-8 cannot carry."""

    def ask(self, addresses: Sequence[Address], want: Want) -> Sequence[Call]:
        """Ask with half a character."""
        return tuple(replace(call, query=(("q", "\ud800"),)) for call in super().ask(addresses, want))


class GuessesOddly(Library):
    """C15: is surer than sure, twice over, and otherwise the next time."""

    guessed = iter(range(100_000))

    def recognise(self, text: str) -> Sequence[Guess]:
        """Guess one book twice, and another one each time."""
        other = NodeId("library", None, "book", str(next(self.guessed)))
        return (Guess(OTHER, 1.5), Guess(OTHER, 1.5), Guess(other, 1.0))


class GuessesRefused(Library):
    """C15: guesses what it refuses to claim."""

    def recognise(self, text: str) -> Sequence[Guess]:
        """Guess the book."""
        return (Guess(OTHER, 1.0),)

    def claim(self, address: Address) -> Sequence[Address]:
        """Refuse the book."""
        if address == OTHER:
            raise InvalidNodeIdError("not that one")
        return super().claim(address)


class GuessesUnaccepted(Library):
    """C15: guesses what it claims and cannot be asked about."""

    def recognise(self, text: str) -> Sequence[Guess]:
        """Guess the whole library."""
        return (Guess(Selection("library", None, None), 1.0),)

    def claim(self, address: Address) -> Sequence[Address]:
        """Claim everything."""
        return (address,)


@pytest.mark.parametrize(
    ("number", "connector", "words"),
    [
        ("C2", TakesOut, "changes the list"),
        ("C2", NumbersItself, "asked twice, the calls differ"),
        ("C2", NumbersItself, "another connector of the same settings asks something else"),
        ("C2", MakesLists, "a call cannot be hashed"),
        ("C3", SignsItself, "a call carries 'X-Api-Key'"),
        ("C4", ReadsOnce, "read twice, the pages differ"),
        ("C4", ReadsOnce, "that has read nothing before, gives another page"),
        ("C5", AsksForOthers, "a call is about ['library:book:other']"),
        ("C5", TellsOfOthers, "facts of library:book:other, which is neither"),
        ("C8", HasOneAlias, "typed as library:book:other by a caller it is claimed as something else"),
        ("C11", TakesTroubleForAnswer, "status 301 is absent, as if it were an answer"),
        ("C11", Quotes, "the detail quotes the upstream"),
        ("C11", SaysNothing, "the detail quotes the upstream"),
        ("C12", StumblesOverGaps, "without citations[0].number: KeyError"),
        ("C12", StumblesOverNull, "with None at citations[0].title: AttributeError"),
        ("C14", StumblesWhileJudging, "judging 500 with no headers, HTML: JSONDecodeError escapes"),
        ("C14", StumblesWhileClaiming, "claim: UnicodeEncodeError escapes"),
        ("C14", StumblesWhileAsking, "ask: KeyError escapes"),
        ("C14", ClaimsAnew, "which is not claimed as itself"),
        ("C14", Climbs, "a call whose path climbs"),
        ("C14", CountsHugely, "a total or reason that JSON cannot carry"),
        ("C14", WritesHeaders, "a header that is not printable ASCII"),
        ("C14", AsksInSurrogates, "a call whose query is not Unicode"),
        ("C15", GuessesOddly, "a confidence of 1.5, which is not above 0 and at most 1"),
        ("C15", GuessesOddly, "library:book:other is guessed twice"),
        ("C15", GuessesOddly, "recognised twice, the guesses differ"),
        ("C15", GuessesRefused, "library:book:other is refused when it is claimed: not that one"),
        ("C15", GuessesUnaccepted, "library is not accepted"),
    ],
)
def test_a_fault_is_told(number: str, connector: type[Library], words: str, enrol: Enrol) -> None:
    """Whoever breaks the rule reads what is wrong."""
    candidate = enrol(connector, recorder=Library)
    told = list(RULES[number](candidate))
    assert any(words in fault for fault in told), told


@pytest.mark.parametrize(
    ("number", "changed", "words"),
    [
        (
            "C3",
            {"tables": ({"connector": "library", "base_url": "https://a.example", "token": "x"},)},
            "no canary",
        ),
        ("C8", {"examples": ("shop:item:1",)}, "the example shop:item:1 is accepted by no connector"),
        ("C9", {"max_calls": 1}, "after 1 calls the walk still goes on"),
        ("C9", {"max_calls": 1}, "1 calls are made, 2 were recorded"),
        ("C11", {"outcomes": {404: Outcome.BROKEN}}, "status 404 is absent, not broken"),
        (
            "C12",
            {"required": ("citations[*].isbn",)},
            "no recorded reply holds the required field citations[*].isbn",
        ),
        ("C12", {"required": ("citations[*].shelf",)}, "is required, and is not missed"),
        ("C15", {"pasted": ("a page of ours",)}, "'a page of ours' is recognised under no settings"),
    ],
)
def test_a_wrong_candidate_is_told(number: str, changed: dict[str, Any], words: str, enrol: Enrol) -> None:
    """What the author gave is examined as much as what the author wrote."""
    told = list(RULES[number](enrol(Library, recorder=Library, **changed)))
    assert any(words in fault for fault in told), told


def test_no_cassettes_prove_nothing(enrol: Enrol, tmp_path: Path) -> None:
    """Without a recording there is nothing to replay, and nothing that asserts an edge."""
    empty = tmp_path / "none"
    empty.mkdir()
    candidate = enrol(Library, recorder=Library, folder=empty)
    assert list(RULES["C9"](candidate)) == ["no cassettes in none"]
    assert list(RULES["C5"](candidate)) == ["no recorded reply asserts an edge: record one that does"]


def test_a_secret_in_a_cassette_is_told(enrol: Enrol, tmp_path: Path) -> None:
    """A token in a recorded body and a credential's header beside it are both seen."""
    candidate = enrol(Library, recorder=Library)
    (tmp_path / "cited" / "01.200.json").write_text('{"echo": "Bearer abcdefghijklmnop123"}')
    (tmp_path / "cited" / "01.headers.json").write_text('{"set-cookie": "a=b"}')
    assert list(RULES["C3"](candidate)) == [
        "cited/01.200.json holds what looks like a secret: b'Bearer abcde'…",
        "cited records the header 'set-cookie'",
    ]


def test_missing_findings_are_told(enrol: Enrol, tmp_path: Path) -> None:
    """A cassette without expected.json proves nothing."""
    candidate = enrol(Library, recorder=Library)
    (tmp_path / "cited" / "expected.json").unlink()
    assert list(RULES["C13"](candidate)) == ["cited: no expected.json"]


def test_a_call_that_differs_from_its_recording_is_told(enrol: Enrol, tmp_path: Path) -> None:
    """The first part of the call that is another is named."""
    candidate = enrol(Library, recorder=Library)
    file = tmp_path / "cited" / "01.call.json"
    file.write_text(file.read_text().replace('"method": "GET"', '"method": "POST"', 1))
    (told,) = RULES["C9"](candidate)
    assert told == "cited: call 01: method: 'POST' was recorded, now it is 'GET'"
