"""Rules that make a sandbox misbehave for chosen calls, and which of them a call meets."""

from random import Random
from typing import Annotated, Any, Literal
from urllib.parse import unquote

import msgspec
from starlette.types import Receive, Scope

from connectors.sandbox.connection import read_body

RULE_KEY = "sandbox.rule"

Seconds = Annotated[float, msgspec.Meta(ge=0)]


class FaultRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One way to misbehave, for the calls whose path and query, or body, contain `match`.

    latency_seconds           wait first; combines with everything below
    drop                      "before" any byte of the reply, or "midway" through a body announced longer
    malformed                 "html" page, JSON "truncated", "wrong_types" for every value, "missing_fields"
                              (no object keeps its plain values), gzip "bomb", "huge" (100 MB)
    status, headers, body     replace those of the reply. A status >= 300 without a body brings the
                              upstream's own error body; one below keeps the real body
    redirect_to               a Location, with status 307 unless given
    drip_bytes_per_second     the body arrives this slowly
    endless_pages             the upstream never says that a page is the last; same_token: every page
                              leads to one and the same further page (both obeyed by the routes)
    times                     how often the rule still fires; None is for ever
    probability               chance that a matching call meets the rule, drawn from the sandbox's seed
    """

    match: str = ""
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] | None = None
    headers: dict[str, str] = {}  # copied by msgspec for each rule
    body: str | None = None
    latency_seconds: Seconds = 0.0
    drop: Literal["before", "midway"] | None = None
    drip_bytes_per_second: Annotated[float, msgspec.Meta(gt=0)] | None = None
    malformed: Literal["html", "truncated", "wrong_types", "missing_fields", "bomb", "huge"] | None = None
    endless_pages: bool = False
    same_token: bool = False
    redirect_to: str | None = None
    times: Annotated[int, msgspec.Meta(ge=0)] | None = None
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0


def rule_of(scope: Scope) -> FaultRule | None:
    """Return the rule that the call of this scope has met, for routes that obey the paging faults."""
    rule: FaultRule | None = scope.get(RULE_KEY)
    return rule


class Faults:
    """The rules in force, the first match winning."""

    def __init__(self, *, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - repeatable by design, nothing secret
        self.rules: list[FaultRule] = []

    def replace(self, payload: bytes) -> None:
        """Take a JSON list of rules; raise ValueError, changing nothing, for one that cannot be read."""
        self.rules = msgspec.json.decode(payload, type=list[FaultRule])

    def clear(self) -> None:
        """Behave well from now on."""
        self.rules = []

    def show(self) -> list[dict[str, Any]]:
        """Return the rules as PUT takes them; `times` is what is left."""
        shown: list[dict[str, Any]] = msgspec.to_builtins(self.rules)
        return shown

    async def choose(self, scope: Scope, receive: Receive) -> tuple[FaultRule | None, bytes]:
        """Return the rule that the call meets, spending it once, and the call's body (read whole)."""
        body = await read_body(receive)
        target = scope.get("raw_path", b"").decode("latin-1") + "?" + scope["query_string"].decode("latin-1")
        haystacks = (target, unquote(target), body.decode("utf-8", "replace"))
        for at, rule in enumerate(self.rules):
            if rule.times == 0 or not any(rule.match in haystack for haystack in haystacks):
                continue
            if rule.probability < 1 and self._random.random() >= rule.probability:
                continue
            if rule.times is not None:
                self.rules[at] = msgspec.structs.replace(rule, times=rule.times - 1)
            scope[RULE_KEY] = rule
            return rule, body
        return None, body
