"""The rules of a connector, numbered; each examines a candidate and tells every fault it finds."""

from collections.abc import Callable, Iterator, Mapping

from connectors.testing.candidate import Candidate
from connectors.testing.rules.assertion import (
    edges_touch_the_asked,
    ids_round_trip,
    provenance_is_the_reply,
    relations_are_declared,
)
from connectors.testing.rules.course import findings_are_golden, walk_ends
from connectors.testing.rules.hostility import hostility_is_contained
from connectors.testing.rules.pure import ask_is_pure, read_is_pure
from connectors.testing.rules.recognition import guesses_are_sound
from connectors.testing.rules.reply import nothing_is_an_answer, trouble_has_its_word
from connectors.testing.rules.secrecy import no_credential_shows
from connectors.testing.rules.shape import shape_is_checked
from connectors.testing.rules.spec import spec_is_valid

Rule = Callable[[Candidate], Iterator[str]]

RULES: Mapping[str, Rule] = {
    "C1": spec_is_valid,
    "C2": ask_is_pure,
    "C3": no_credential_shows,
    "C4": read_is_pure,
    "C5": edges_touch_the_asked,
    "C6": relations_are_declared,
    "C7": provenance_is_the_reply,
    "C8": ids_round_trip,
    "C9": walk_ends,
    "C10": nothing_is_an_answer,
    "C11": trouble_has_its_word,
    "C12": shape_is_checked,
    "C13": findings_are_golden,
    "C14": hostility_is_contained,
    "C15": guesses_are_sound,
}

__all__ = ["RULES", "Rule"]
