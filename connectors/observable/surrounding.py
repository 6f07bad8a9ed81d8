"""Pasted text without what surrounded it: blanks, quotes, brackets, bullets, punctuation, a label.

Every expression here is anchored or bounded, so that any text takes time in proportion to its length.
"""

import re

_INVISIBLE = (
    *range(0x20),
    0x7F,
    0xAD,
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x206A),
)
# Zero-width characters, bidirectional marks and soft hyphens come along with text from web pages and
# PDFs; white space among the control characters stays, as it parts words.
_UNSEEN = {code: None for code in (*_INVISIBLE, 0xFEFF) if not chr(code).isspace()}
_PAIRS = {
    "(": ")",
    "[": "]",
    "{": "}",
    "<": ">",
    "\u00ab": "\u00bb",
    "\u201c": "\u201d",
    "\u2018": "\u2019",
    "\u201e": "\u201c",
    "\u2039": "\u203a",
}
_OPENERS = {closer: opener for opener, closer in _PAIRS.items()}
_QUOTES = "\"'`\u201c\u201d\u2019"
_ENDING = ".,;!?\u2026\u3002\uff0c\u3001\uff1b"
_BULLET = re.compile(r"(?:[-*\u2022\u00b7\u2013\u2014>#]{1,6}|[0-9]{1,3}[.)])\s+")
_MARKDOWN = re.compile(r"!?\[[^\]]*\]\(<?([^()<>\s]+)>?\)")
_LABEL = re.compile(r"([^\W\d_][\w .()/#-]{0,60}?)\s{0,3}(?::\s+|=\s*|:(?=[^\s/]))(?=\S)")
_ROUNDS = 8


def trim(text: str) -> str:
    """Take away white space and invisible characters, at the ends and invisible ones within."""
    return text.translate(_UNSEEN).strip()


def unwrap(text: str) -> str:
    """Take away what surrounds the one thing that was meant, layer by layer."""
    text = trim(text)
    for _ in range(_ROUNDS):
        before, text = text, _peel(text).strip()
        if text == before:
            break
    return text


def split_label(text: str) -> tuple[str, str] | None:
    """Part `IP: 1.2.3.4` or `md5=…` into what stands before and after; None when there is no label.

    What looks like a label may be part of the thing itself, as in an address or a URN: ask for both.
    """
    match = _LABEL.match(text)
    return None if match is None else (match[1].strip(), text[match.end() :])


def _peel(text: str) -> str:
    if not text:
        return text
    if bullet := _BULLET.match(text):
        text = text[bullet.end() :]
    if markdown := _MARKDOWN.fullmatch(text):
        return markdown[1]
    text = text.rstrip(_ENDING)
    # The end of an abbreviated IPv6 address is no punctuation.
    if text.endswith(":") and not text.endswith("::"):
        text = text[:-1]
    return _open(text)


def _open(text: str) -> str:
    """Take away a pair around the whole, or half of one."""
    first, last = text[:1], text[-1:]
    inner = text[1:-1]
    if _PAIRS.get(first) == last and len(text) > 1 and inner.count(first) == inner.count(last):
        return inner
    if first in _QUOTES and first == last and len(text) > 1:
        return inner
    if last in _OPENERS and text.count(last) > text.count(_OPENERS[last]):
        return text[:-1]
    if first in _PAIRS and text.count(first) > text.count(_PAIRS[first]):
        return text[1:]
    if last and last in _QUOTES and text.count(last) == 1:
        return text[:-1]
    return text[1:] if first and first in _QUOTES and text.count(first) == 1 else text
