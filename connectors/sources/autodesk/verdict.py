"""What a reply's status means, with the little of an error body that is fit to be told.

The service and the gateway before it write different bodies; both are read, neither is quoted: an
error id and the names of refused parameters pass only if they look like nothing else.
"""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from connectors.disposition import USUAL, Disposition, Verdict, classify
from connectors.wire import Reply

_OVER_QUOTA = {**USUAL, HTTPStatus.FORBIDDEN: Disposition.THROTTLED}

_LARGEST_ERROR = 65_536
_MOST_FIELDS = 5

# Gateway: {"developerMessage", "userMessage", "errorCode": "AUTH-006", "more info"}, or, from
# its policies, {"fault": {"faultstring", "detail"}}.
_GATEWAY_CODE = re.compile(r"[A-Z]{2,10}-\d{1,5}", re.ASCII)
# Service: {"type": "BadInput", "title", "detail", "errors": [{"field", "title", "detail", "type"}]}.
_NAME = re.compile(r"[A-Za-z]{1,40}", re.ASCII)


def judge_reply(reply: Reply) -> Verdict:
    """Judge by the status; a 403 in which the gateway speaks of a quota is throttling."""
    if reply.status == HTTPStatus.OK:
        return classify(reply)
    body = _read_body(reply.body)
    table = _OVER_QUOTA if _speaks_of_quota(body) else USUAL
    return classify(reply, table, error_id=_read_error_id(body))


def _speaks_of_quota(body: Mapping[str, Any]) -> bool:
    fault = body.get("fault")
    texts = (
        body.get("developerMessage"),
        body.get("userMessage"),
        fault.get("faultstring") if isinstance(fault, dict) else None,
    )
    return any(isinstance(text, str) and "quota" in text.lower() for text in texts)


def _read_body(body: bytes) -> Mapping[str, Any]:
    try:
        read = json.loads(body) if len(body) <= _LARGEST_ERROR else None
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _read_error_id(body: Mapping[str, Any]) -> str | None:
    code = body.get("errorCode")
    if isinstance(code, str) and _GATEWAY_CODE.fullmatch(code):
        return code
    kind = body.get("type")
    if not isinstance(kind, str) or not _NAME.fullmatch(kind):
        return None
    fields = _read_fields(body.get("errors"))
    return f"{kind} ({', '.join(fields)})" if fields else kind


def _read_fields(errors: Any) -> tuple[str, ...]:
    entries = errors if isinstance(errors, list) else ()
    fields = (entry.get("field") for entry in entries if isinstance(entry, dict))
    named = (field for field in fields if isinstance(field, str) and _NAME.fullmatch(field))
    return tuple(dict.fromkeys(named))[:_MOST_FIELDS]
