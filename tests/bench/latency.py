"""How long the upstream takes over each call: a fixed time, or one that an entity's id decides."""

from dataclasses import dataclass
from hashlib import blake2b


@dataclass(frozen=True, slots=True)
class Latency:
    """Between `least` and `most` seconds, drawn for each native id and always the same for it."""

    least: float
    most: float

    def of(self, native: str) -> float:
        """Give the seconds of a call about this id."""
        drawn = int.from_bytes(blake2b(native.encode(), digest_size=4).digest(), "big") / 0xFFFF_FFFF
        return self.least + (self.most - self.least) * drawn


def read_latency(text: str) -> Latency:
    """Read milliseconds, such as "50", or a span of them, such as "20-200"."""
    least, _, most = text.partition("-")
    return Latency(float(least) / 1000, float(most or least) / 1000)
