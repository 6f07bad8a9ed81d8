"""Regular expressions as ThreatWinds takes them: in RE2's syntax, which Python's is not.

What is checked is the syntax: known escapes, classes and groups that close, repetitions that have
something to repeat. What RE2 only finds when it compiles (a range the wrong way round, a program
too large) is left to the upstream, which then knows no such value.
"""

import re

from connectors.observable.form import Form, as_written

_ESCAPE = (
    r"\\(?:[dDsSwWbBAzafnrtv]|[pP](?:[A-Z]|\{\^?[A-Za-z_]+\})|x(?:[0-9A-Fa-f]{2}|\{[0-9A-Fa-f]{1,6}\})"
    r"|0[0-7]{0,2}|[1-7][0-7]{1,2}|[^A-Za-z0-9\x80-\U0010ffff])"
)
_TOKEN = re.compile(
    rf"""(?P<quoted>\\Q.*?(?:\\E|\Z))
    |(?P<operand>{_ESCAPE}|\[\^?\]?(?:\[:\^?[a-z]+:\]|{_ESCAPE}|[^\]\\])*+\])
    |(?P<open>\((?:\?(?:P?<[A-Za-z0-9_]+>|[imsU]*(?:-[imsU]+)?:))?(?!\?))
    |(?P<flags>\(\?(?:[imsU]+(?:-[imsU]+)?|-[imsU]+)\))
    |(?P<close>\))
    |(?P<either>\|)
    |(?P<repeat>(?:[*+?]|\{{(?P<least>[0-9]+)(?P<range>,(?P<most>[0-9]*))?\}})\??)
    |(?P<literal>[^\\\[\]()|*+?])
    |(?P<bracket>\])""",
    re.VERBOSE | re.DOTALL,
)
_DEEPEST = 1000
_MOST_REPEATS = 1000


def _is_pattern(value: str) -> bool:
    position = depth = 0
    repeatable = False
    while position < len(value):
        token = _TOKEN.match(value, position)
        if token is None:
            return False
        position = token.end()
        match token.lastgroup:
            case "open":
                depth, repeatable = depth + 1, False
            case "close":
                depth, repeatable = depth - 1, True
            case "either" | "flags":
                repeatable = False
            case "repeat":
                if not repeatable or not _is_count(token):
                    return False
                repeatable = False
            case _:
                repeatable = True
        if not 0 <= depth <= _DEEPEST:
            return False
    return depth == 0


def _is_count(token: re.Match[str]) -> bool:
    least, most = token["least"], token["most"]
    if least is None:
        return True
    # Five digits are too many already, and a longer text would be slow to read as a number.
    counts = [int(text[:5]) for text in (least, most) if text]
    return max(counts) <= _MOST_REPEATS and counts == sorted(counts)


REGEX = Form(as_written, _is_pattern, "a regular expression in RE2's syntax")
