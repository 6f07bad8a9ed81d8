"""Which format a caller gets: the parameter decides, or the header Accept (RFC 9110 section 12.5.1)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from service.api.format.media import Format

# A parameter may quote a comma or a semicolon.
_QUOTED = r'"(?:[^"\\]|\\.)*"?'
_ITEM = re.compile(rf'(?:[^,"]|{_QUOTED})+')
_PART = re.compile(rf'(?:[^;"]|{_QUOTED})+')
_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


@dataclass(frozen=True, slots=True)
class _Range:
    """One media range and its weight; `narrowness` is 2 for a media type, 1 for `text/*`, 0 for `*/*`."""

    media: str
    weight: float

    @property
    def narrowness(self) -> int:
        return 0 if self.media == "*/*" else 1 if self.media.endswith("/*") else 2

    def covers(self, media_type: str) -> bool:
        kind = media_type.partition("/")[0]
        return self.media in {media_type, f"{kind}/*", "*/*"}


def choose_format(
    accept: str, *, parameter: Format | None = None, offered: Sequence[Format] = tuple(Format)
) -> Format | None:
    """Choose what the caller likes best of what is offered; None when nothing of it is acceptable.

    `accept` holds the lines of the header joined by commas, "" when there is none, which takes
    anything. The parameter wins. Parameters of a media range (`charset`, `header`) narrow nothing
    here; a weight that cannot be read counts as 0. Of equals the one asked for by name comes first,
    then the order offered, which is that of `Format`: whoever takes anything gets JSON.
    """
    if parameter is not None:
        return parameter
    if not accept.strip():
        return offered[0]
    ranges = [_range(item) for item in _ITEM.findall(accept) if item.strip()]
    liked = [(each, _narrowest(each, ranges)) for each in offered]
    wanted = [(each, found) for each, found in liked if found is not None and found.weight > 0]
    # `max` keeps the first of equals.
    best = max(wanted, key=lambda pair: (pair[1].weight, pair[1].narrowness), default=None)
    return None if best is None else best[0]


def _narrowest(format: Format, ranges: list[_Range]) -> _Range | None:
    """Give the range that speaks for a format: the narrowest, of two alike the kinder one."""
    fitting = [each for each in ranges if each.covers(format.media_type)]
    return max(fitting, key=lambda each: (each.narrowness, each.weight), default=None)


def _range(item: str) -> _Range:
    media, _, parameters = item.partition(";")
    named = (part.partition("=") for part in _PART.findall(parameters))
    weight = next((value.strip() for name, _, value in named if name.strip().lower() == "q"), "1")
    return _Range(media.strip().lower(), float(weight) if _WEIGHT.fullmatch(weight) else 0.0)
