"""The contract of a connector as a test class: subclass it, say what to test, run pytest."""

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from connectors.contract import Plugin
from connectors.model import Outcome
from connectors.testing.candidate import Candidate
from connectors.testing.rules import RULES

_MOST_TOLD = 12


class ConnectorContract:
    """Fifteen rules that every connector keeps, each one test.

    A subclass gives `plugin`; `settings`, valid tables with a `canary(...)` for every secret, the
    first of which the cassettes build on; `examples`, addresses as a caller may type them; and
    `cassettes`, the folder of its recorded cases. `max_calls` bounds every walk. `outcomes` says
    what a status means where it is not the usual. `required` names fields of a reply, such as
    `results[*].id`, without which it must be refused. `pasted` are texts, such as the URL of a page, that
    it has to recognise.
    """

    plugin: ClassVar[Plugin]
    settings: ClassVar[Sequence[Mapping[str, Any]]]
    examples: ClassVar[Sequence[str]]
    cassettes: ClassVar[Path]
    max_calls: ClassVar[int] = 50
    outcomes: ClassVar[Mapping[int, Outcome]] = {}
    required: ClassVar[Sequence[str]] = ()
    pasted: ClassVar[Sequence[str]] = ()

    def test_c1_spec_is_valid(self) -> None:
        """Settings build, and each spec is well-formed, stable and true of what it describes."""
        self._keep("C1")

    def test_c2_ask_is_pure(self) -> None:
        """The same addresses give the same calls, and asking does nothing else."""
        self._keep("C2")

    def test_c3_no_credential_shows(self) -> None:
        """A secret of the settings reaches the credential, and nothing that anyone can see."""
        self._keep("C3")

    def test_c4_read_is_pure(self) -> None:
        """The same reply gives the same page, in any order of reading and of JSON keys."""
        self._keep("C4")

    def test_c5_edges_touch_the_asked(self) -> None:
        """Every edge touches an address its call is about."""
        self._keep("C5")

    def test_c6_relations_are_declared(self) -> None:
        """Every edge's relation and directedness are in the spec."""
        self._keep("C6")

    def test_c7_provenance_is_the_reply(self) -> None:
        """Records and times are the reply's own; who and when the driver stamps."""
        self._keep("C7")

    def test_c8_ids_round_trip(self) -> None:
        """Every address can be written, read back and asked about, and so can its aliases."""
        self._keep("C8")

    def test_c9_walk_ends(self) -> None:
        """Every walk makes the recorded calls, each once, and none goes on for ever."""
        self._keep("C9")

    def test_c10_nothing_is_an_answer(self) -> None:
        """An empty page is no edges and no error."""
        self._keep("C10")

    def test_c11_trouble_has_its_word(self) -> None:
        """Each failing status, and HTML under a good one, has its outcome and tells no body."""
        self._keep("C11")

    def test_c12_shape_is_checked(self) -> None:
        """Unknown fields change nothing; a field that is missing or of another type gives its path."""
        self._keep("C12")

    def test_c13_findings_are_golden(self) -> None:
        """Every cassette gives the findings recorded in it, under the mapping version recorded."""
        self._keep("C13")

    def test_c14_hostility_is_contained(self) -> None:
        """Hostile replies and addresses let nothing escape but the error meant for them."""
        self._keep("C14")

    def test_c15_guesses_are_sound(self) -> None:
        """Whatever is pasted, every guess is an address of the connector's own, and nothing is raised."""
        self._keep("C15")

    def _keep(self, rule: str) -> None:
        __tracebackhide__ = True
        candidate = Candidate(
            plugin=self.plugin,
            tables=self.settings,
            examples=self.examples,
            folder=self.cassettes,
            max_calls=self.max_calls,
            outcomes=self.outcomes,
            required=self.required,
            pasted=self.pasted,
        )
        faults = list(islice(RULES[rule](candidate), _MOST_TOLD))
        if faults:
            more = "\n  and perhaps more" if len(faults) == _MOST_TOLD else ""
            told = "".join(f"\n  {fault}" for fault in faults)
            raise AssertionError(f"{rule} is broken:{told}{more}")
