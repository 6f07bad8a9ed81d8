"""How the values of one kind are written, and which of them a caller may ask about."""

from collections.abc import Callable
from dataclasses import dataclass

from connectors.errors import InvalidNodeIdError


@dataclass(frozen=True, slots=True)
class Form:
    """One way of writing values.

    `spell` gives a value's one spelling, or None where it has none; it never trims. `admits` tells
    whether a spelled value may be asked about: it binds what a caller types, not what a source
    shows. `words` finish the sentence "a value of this kind is …".
    """

    spell: Callable[[str], str | None]
    admits: Callable[[str], bool]
    words: str

    def fits(self, value: str) -> bool:
        """Tell whether `normalise` would give a value."""
        spelled = self.spell(value)
        return spelled is not None and self.admits(spelled)

    def normalise(self, value: str, *, kind: str) -> str:
        """Give the one spelling of what a caller typed; InvalidNodeIdError names the kind.

        The message does not repeat the value, which may be long or hostile.
        """
        if not _is_text(value):
            raise InvalidNodeIdError("an address is Unicode text without lone surrogates")
        spelled = self.spell(value)
        if spelled is None or not self.admits(spelled):
            raise InvalidNodeIdError(f"{kind}: a value of this kind is {self.words}")
        return spelled


def anything(_value: str) -> bool:
    """Admit every value that can be spelled."""
    return True


def as_written(value: str) -> str:
    """Spell a value as it stands."""
    return value


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
