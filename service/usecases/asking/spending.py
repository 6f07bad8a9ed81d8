"""What one answer spends on one source, of the calls that it has for all of them."""

from collections import Counter

from connectors.ports import Allowance


class Spending:
    """One source's share of the calls of an answer (the Allowance port), counted in `calls` by name."""

    def __init__(self, allowance: Allowance, calls: Counter[str], source: str) -> None:
        """Spend of `allowance` what calls to `source` cost."""
        self._allowance = allowance
        self._calls = calls
        self._source = source

    @property
    def exhausted(self) -> bool:
        """Tell whether no call is left."""
        return self._allowance.exhausted

    def take(self) -> bool:
        """Spend one call; False when none is left."""
        taken = self._allowance.take()
        self._calls[self._source] += taken
        return taken
