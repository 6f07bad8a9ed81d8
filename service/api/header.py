"""The request headers that have a meaning here: Cache-Control and Upstream-Credentials."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import cast

import http_sf
from starlette.datastructures import Headers

from connectors.credential import Scheme
from connectors.errors import InvalidParameterError
from service.cache.freshness import UNLIMITED, Tolerance
from service.usecases.source import Source, UpstreamCredential

CREDENTIALS = "Upstream-Credentials"
CACHE_CONTROL = "Cache-Control"
# RFC 9111 1.2.2 has whatever is too large for us read as at least 2^31; this is some 31 years.
_MOST_DIGITS = 9
_MOST_SECONDS = 999_999_999


def read_tolerance(headers: Headers, *, max_age: timedelta | None, floor: timedelta) -> Tolerance:
    """Read what the caller takes, the parameter winning over the header, above the operator's floor.

    Directives of RFC 9111 and 5861; one not known here is ignored, as they say; one without its
    number is an InvalidParameterError.
    """
    asked = _directives(headers)
    age = timedelta(0) if "no-cache" in asked else _seconds(asked, "max-age")
    if max_age is not None:
        age = max_age
    stale = asked.get("max-stale", ...)
    return Tolerance(
        max_age=age,
        least_max_age=floor,
        max_stale=UNLIMITED if stale is None else _seconds(asked, "max-stale"),
        stale_if_error=_seconds(asked, "stale-if-error"),
        only_if_cached="only-if-cached" in asked,
    )


def read_credentials(headers: Headers, *, sources: Sequence[Source]) -> dict[str, UpstreamCredential]:
    """Read `Upstream-Credentials`: by source name, what the caller sends there.

    InvalidParameterError, which never quotes a value, for a name that is not a source that takes a
    caller's credential, and for anything that is not `"<scheme> <value>"` in a scheme it takes.
    """
    known = {source.name: source for source in sources}
    found = {}
    for name, value in _dictionary(headers).items():
        source = known.get(name)
        if source is None:
            raise InvalidParameterError("names a source that is not configured", field=CREDENTIALS)
        if not source.by_caller:
            raise InvalidParameterError(f"{name} takes no credential from its callers", field=CREDENTIALS)
        found[name] = _credential(name, value, source)
    return found


def _directives(headers: Headers) -> Mapping[str, str | None]:
    found: dict[str, str | None] = {}
    for item in ",".join(headers.getlist(CACHE_CONTROL)).split(","):
        name, equals, value = item.strip().partition("=")
        # RFC 9111 4.2.1: of a directive given twice, the first counts.
        found.setdefault(name.strip().lower(), value.strip().strip('"') if equals else None)
    return found


def _seconds(directives: Mapping[str, str | None], name: str) -> timedelta | None:
    if name not in directives:
        return None
    text = directives[name] or ""
    if not re.fullmatch("[0-9]+", text):
        raise InvalidParameterError(f"{name} needs a whole number of seconds", field=CACHE_CONTROL)
    digits = text.lstrip("0")
    return timedelta(seconds=int(digits or "0") if len(digits) <= _MOST_DIGITS else _MOST_SECONDS)


def _dictionary(headers: Headers) -> Mapping[str, object]:
    # RFC 8941 4.2: a field with nothing in it is a dictionary with nothing in it.
    text = ", ".join(line for line in headers.getlist(CREDENTIALS) if line.strip())
    if not text:
        return {}
    try:
        parsed = http_sf.parse(text.encode("latin-1"), tltype="dictionary")
    except http_sf.StructuredFieldError:
        # The parser's own error shows where it stopped, and so a piece of a credential.
        raise InvalidParameterError(
            'not a dictionary of strings such as acc="Bearer …" (RFC 8941)', field=CREDENTIALS
        ) from None
    # With `tltype="dictionary"` that is what comes back: by key, the value and its parameters.
    members = cast("Mapping[str, tuple[object, object]]", parsed)
    return {name: value for name, (value, _) in members.items()}


def _credential(name: str, value: object, source: Source) -> UpstreamCredential:
    schemes = {scheme.value.lower(): scheme for scheme in Scheme}
    word, _, rest = value.partition(" ") if isinstance(value, str) else ("", "", "")
    scheme = schemes.get(word.lower())
    if scheme not in source.schemes or not rest.strip():
        forms = " or ".join(f'{name}="{each.value} …"' for each in sorted(source.schemes))
        raise InvalidParameterError(f"{name} takes {forms}", field=CREDENTIALS)
    if scheme is Scheme.KEY_PAIR and not all(rest.partition(":")):
        raise InvalidParameterError(f'{name} takes "KeyPair <key>:<secret>"', field=CREDENTIALS)
    return UpstreamCredential(scheme, rest.strip())
