"""Every error relgraph raises on purpose, grouped by what to do about it.

GraphError
├─ RequestError                     the caller's fault
│  ├─ InvalidNodeIdError            the address cannot be read or normalised
│  ├─ AmbiguousNodeError            the address fits several tenants (choices)
│  ├─ UnknownNodeError              nobody configured knows such a thing
│  ├─ UnknownSourceError            no source of that name is configured
│  └─ InvalidParameterError         anything else in the request (field)
├─ ConfigurationError               the operator's, at start, all mistakes at once
├─ SourceError                      one upstream; becomes an outcome
│  ├─ SourceUnavailableError        no connection, 5xx (retry_after, where it is not even asked)
│  │  └─ SourceSwitchedOffError     the operator has switched the source off
│  ├─ SourceTimeoutError            no reply in time
│  ├─ SourceThrottledError          too many calls (retry_after)
│  ├─ SourceDeniedError             the upstream refused the credential (retry_after, likewise)
│  ├─ CredentialMissingError        there is no credential to send
│  ├─ OverBudgetError               the answer has no call left to make
│  └─ SourceContractError           the reply is not what the contract says (path)
└─ StoreUnavailableError            the cache is down: degrade, count, say so
"""

from collections.abc import Sequence
from datetime import timedelta


class GraphError(Exception):
    """Root of everything relgraph raises on purpose."""


class RequestError(GraphError):
    """The caller can mend this; `field` is what of the request, where the kind of error does not tell."""

    field: str | None = None


class InvalidNodeIdError(RequestError):
    """The address cannot be read, or its value cannot be normalised."""


class AmbiguousNodeError(RequestError):
    """The address fits more than one configured tenant."""

    def __init__(self, message: str, *, choices: Sequence[str]) -> None:
        """Keep the addresses that would not be ambiguous."""
        super().__init__(message)
        self.choices = tuple(choices)


class UnknownNodeError(RequestError):
    """No source knows the node, or none accepts its namespace."""


class UnknownSourceError(RequestError):
    """The request names a source that is not configured."""


class InvalidParameterError(RequestError):
    """A parameter or header of the request is wrong."""

    def __init__(self, message: str, *, field: str) -> None:
        """Keep the name of the parameter or header."""
        super().__init__(message)
        self.field: str = field


class ConfigurationError(GraphError):
    """The settings are wrong; carries every mistake found."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        """Keep the mistakes, one sentence each."""
        super().__init__("; ".join(mistakes))
        self.mistakes = tuple(mistakes)


class SourceError(GraphError):
    """One upstream failed one question; the message is fit for a caller to read."""


class SourceUnavailableError(SourceError):
    """The upstream could not be reached, said that it failed, or is not asked since it keeps failing."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        """Keep when it will be asked again, which only an upstream that is not asked has."""
        super().__init__(message)
        self.retry_after = retry_after


class SourceSwitchedOffError(SourceUnavailableError):
    """The operator has switched the source off: nothing left, and a second attempt would not either."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("switched off by the operator")


class SourceTimeoutError(SourceError):
    """The upstream did not reply in time."""


class SourceThrottledError(SourceError):
    """The upstream, or our own pace, allows no call now."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        """Keep how long to wait, where it is known."""
        super().__init__(message)
        self.retry_after = retry_after


class SourceDeniedError(SourceError):
    """The upstream refused the credential, or is not asked since it keeps refusing it."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        """Keep when it will be asked again, which only a credential that is not tried has."""
        super().__init__(message)
        self.retry_after = retry_after


class CredentialMissingError(SourceError):
    """The source needs a credential that nobody gave."""


class OverBudgetError(SourceError):
    """The calls allowed to this answer are spent: this one did not leave."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("the calls allowed by max_calls are spent")


class SourceContractError(SourceError):
    """A reply does not have the shape the upstream's contract promises."""

    def __init__(self, message: str, *, path: str) -> None:
        """Keep the JSON path of what is missing or wrong."""
        super().__init__(f"{path}: {message}")
        self.path = path


class StoreUnavailableError(GraphError):
    """The cache cannot be reached or did not reply in time."""
