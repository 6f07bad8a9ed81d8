"""A scripted upstream that lets through so many calls, and as many again a while later."""

from harness.toy import Fault, Site

WINDOW = 7.0
"""Seconds."""


class Quota:
    """What a site lets through in any `WINDOW`; it says how long that is to whom it turns down."""

    def __init__(self, site: Site, *, calls: int, fault: Fault = 429) -> None:
        """Have the site answer by it, with this fault what is too much."""
        self.clock, self.most, self.fault = site.clock, calls, fault
        self.granted: list[float] = []
        site.retry_after = str(int(WINDOW))
        site.trouble = self

    def __call__(self) -> Fault | None:
        """Grant a call, or give what is answered instead."""
        now = self.clock.passed
        if sum(at > now - WINDOW for at in self.granted) >= self.most:
            return self.fault
        self.granted.append(now)
        return None


def line_star(site: Site, *, page_size: int | None = 1) -> None:
    """Give the site a node with nine neighbors, listed so many a page."""
    for key in "bcdefghij":
        site.line("n:t:a", f"n:t:{key}")
    site.page_size = page_size
