"""What one process remembers of refused credentials, for when the store could not be told."""

from collections import OrderedDict
from datetime import datetime

_MOST = 10_000


class Refused:
    """When which marker was last set; the oldest is forgotten first."""

    def __init__(self) -> None:
        """Start with nothing refused."""
        self._since: OrderedDict[str, datetime] = OrderedDict()

    def note(self, key: str, moment: datetime) -> None:
        """Remember that the marker `key` was set at `moment`."""
        self._since[key] = moment
        self._since.move_to_end(key)
        if len(self._since) > _MOST:
            self._since.popitem(last=False)

    def since(self, key: str) -> datetime | None:
        """Give when the marker was set last, None if it was not."""
        return self._since.get(key)
