"""What a ThreatWinds reply means, and the id of an error wherever the dialect puts it."""

import json
import re
from typing import Any

from connectors.disposition import USUAL, Disposition, Verdict, classify
from connectors.sources.threatwinds.slices import is_beyond
from connectors.wire import Call, Reply

# A synchronous GET answers 202 in the 2023 document and 200 before and after.
_TABLE = {**USUAL, 202: Disposition.OK}
_NOTHING_FOUND = 204
_FORBIDDEN = 403
# In 2023 a 403 means no permission, a banned address or too many requests; only words tell.
_THROTTLING = re.compile(r"too many requests|rate.?limit|throttl", re.IGNORECASE)
_ERROR_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_LONGEST_ERROR = 65_536


def judge(call: Call, reply: Reply, *, dialect: str) -> Verdict:
    """Judge a reply; the detail holds a status and an error id, never the upstream's words."""
    if is_beyond(call, status=reply.status):
        return Verdict(Disposition.OK)
    if reply.status == _NOTHING_FOUND:
        if dialect == "2025":
            return Verdict(Disposition.ABSENT)
        detail = f'status 204, which only dialect "2025" knows: the setting dialect is "{dialect}"'
        return Verdict(Disposition.BROKEN, detail)
    if _TABLE.get(reply.status) is Disposition.OK:
        # Its body is a page, and not searched for an error.
        return classify(reply, _TABLE)
    verdict = classify(reply, _TABLE, error_id=_find_error_id(reply))
    if reply.status == _FORBIDDEN and _is_throttling(reply):
        return Verdict(Disposition.THROTTLED, verdict.detail, verdict.retry_after)
    return verdict


def _is_throttling(reply: Reply) -> bool:
    if reply.retry_after is not None:
        return True
    words = reply.headers.get("x-error", "") + reply.body[:_LONGEST_ERROR].decode("latin-1")
    return _THROTTLING.search(words) is not None


def _find_error_id(reply: Reply) -> str | None:
    candidates: list[Any] = [reply.headers.get("x-error-id")]
    body = _parse_error(reply.body)
    if isinstance(body, dict):
        candidates.append(body.get("uuid"))
        if isinstance(error := body.get("error"), dict):
            candidates += (error.get("error_id"), error.get("code"))
    usable = (text for text in candidates if isinstance(text, str) and _ERROR_ID.fullmatch(text))
    return next(usable, None)


def _parse_error(body: bytes) -> Any:
    if len(body) > _LONGEST_ERROR:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
