"""What sources tell is written as records while others are still asked: less is left for the end.

A draft changes nothing of an answer. What is asserted by one source alone, as nearly everything is, has
its record then, if the answer keeps it; what is not kept was written in vain.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from connectors.model import NodeId
from connectors.walk import Finding
from connectors.wire import Aspect
from service.graph.asked import Told
from service.graph.scribe import Scribe
from service.usecases.answer.naming import Naming
from service.usecases.answer.outskirts import Outskirts
from service.usecases.ask import Ask
from service.usecases.asking.fetch import Fetcher


class Drafts:
    """The words of one answer that were written ahead by its `scribe`, and nodes of its `outskirts`."""

    def __init__(self, naming: Naming, *, hold: bool = True) -> None:
        """Start with none; they `hold` where a relation is what its source says, whatever else is told."""
        self._hold = hold
        self.scribe = Scribe()
        self.outskirts: Outskirts | None = None
        self._naming = naming
        self._words: dict[Ask, tuple[Finding, Told]] = {}

    @contextmanager
    def listening(self, fetcher: Fetcher) -> Iterator[None]:
        """Write what sources bring while the block lasts; after it no answer is part of a circle."""
        before = fetcher.brought
        if self._hold:
            fetcher.brought = self.write
        try:
            yield
        finally:
            fetcher.brought = before

    def write(self, ask: Ask, finding: Finding) -> None:
        """Write down what a source has told of the relations of a node that has only one name."""
        address = ask.address
        if ask.aspect is Aspect.RELATIONS and isinstance(address, NodeId) and self._naming.is_plain(address):
            word = Told(ask.source.name, self._naming.rename(ask.source, finding))
            self._words[ask] = finding, word
            self.scribe.draft(word)
            if self.outskirts is not None:
                self.outskirts.draft(ask, finding, scribe=self.scribe)

    def word(self, ask: Ask, finding: Finding) -> Told | None:
        """Give the word that this very finding was written as, if it was."""
        if not self._words:
            # What the cache has told is not written ahead.
            return None
        held, word = self._words.get(ask, (None, None))
        return word if held is finding else None
