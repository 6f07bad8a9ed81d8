"""Where one worker leaves its numbers for the others, and where a replaced worker's are found again.

A folder has one file a worker. Whoever is scraped reads them all. A worker that takes the place of
one that died goes on from its predecessor's counts, so no count ever falls, and there are never
more files than workers.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from connectors.ports import Clock
from service.adapters.numbers import Numbers, decode_numbers

EVERY = timedelta(seconds=1)
"""How often a worker writes its numbers."""
# What has not been written for so long is of nobody alive.
_LONGEST_SILENCE = 5 * EVERY


@dataclass(frozen=True, slots=True)
class MetricsSlot:
    """One worker's place in the folder that all workers of an instance share."""

    folder: Path
    number: int

    def write(self, numbers: Numbers) -> None:
        """Put the numbers into the place of what was there, at once for whoever reads."""
        coming = self._path.with_suffix(".new")
        coming.write_bytes(numbers.encode())
        coming.replace(self._path)

    def read(self) -> Numbers:
        """Give what the worker before has counted, and no gauges: those were of its own time."""
        counted = Numbers()
        if self._path.exists():
            counted.add(decode_numbers(self._path.read_bytes()), gauges=False)
        return counted

    def add_others(self, numbers: Numbers, *, clock: Clock) -> None:
        """Add what the other workers have written; of one that writes no more, without its gauges."""
        for path in self.folder.glob("*.json"):
            if path == self._path:
                continue
            # It may be gone with the whole instance.
            with suppress(FileNotFoundError):
                silence = clock.now().timestamp() - path.stat().st_mtime
                alive = silence < _LONGEST_SILENCE.total_seconds()
                numbers.add(decode_numbers(path.read_bytes()), gauges=alive)

    @property
    def _path(self) -> Path:
        return self.folder / f"{self.number}.json"
