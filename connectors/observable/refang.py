"""Undoes defanging: `hxxps://evil[.]example` is what people write so that nobody clicks on it.

There is no standard of it. What is undone here are the spellings in use: a scheme with other letters,
marks in brackets, half brackets, escaped dots, words for dot and at, wide characters.
"""

import re

_SCHEME = re.compile(r"(h(?:[tx]{2}|\*\*|__|--)p|f[tx]p)(s?)\s?:(?://|\\\\)", re.IGNORECASE)
_MARK = re.compile(r" ?[\[({<]\s?(\.|:(?://)?|//?|@)\s?[\])}>] ?")
_WORDED_DOT = re.compile(r" ?[\[({<]\s?d[o0]t\s?[\])}>] ?", re.IGNORECASE)
_WORDED_AT = re.compile(r" ?[\[({<]\s?at\s?[\])}>] ?", re.IGNORECASE)
# Only where brackets do not pair up, as in `evil[.example`.
_HALF = re.compile(r"\[([.:@])|([.:@])\]")
# A URL whose scheme and host are as they should be: its path may hold brackets of its own.
_LIVE = re.compile(r"[a-z][a-z0-9+.-]{1,30}://[^\s\[\](){}<>\\/?#]+(?:[/?#]|$)", re.IGNORECASE)
_WORD = re.compile(r"\s(dot|at)\s", re.IGNORECASE)
_WORDS = {"dot": ".", "at": "@"}
_WIDE = str.maketrans("\uff0e\u3002\uff61\uff1a\uff0f\uff20", "...:/@")
# Longer than any name or e-mail address, so that no prose is read as one.
_LONGEST_WORDED = 320


def refang(text: str) -> str:
    """Give the text as it was before somebody defanged it; what is not defanged stays as it is."""
    scheme = _SCHEME.match(text)
    if _LIVE.match(text) and (scheme is None or scheme[0].lower().startswith(("http", "ftp"))):
        return text
    text = _spell_words(text.translate(_WIDE))
    text = _unescape(_WORDED_AT.sub("@", _WORDED_DOT.sub(".", _bare(_MARK, text))))
    if text.count("[") != text.count("]"):
        text = _bare(_HALF, text)
    if scheme := _SCHEME.match(text):
        name = "http" if scheme[1][0] in "hH" else "ftp"
        text = f"{name}{scheme[2].lower()}://{text[scheme.end() :]}"
    return text


def _bare(marked: re.Pattern[str], text: str) -> str:
    """Leave of every match its groups alone: to split does so at once, a template is filled in for each."""
    return "".join(part for part in marked.split(text) if part)


def _unescape(text: str) -> str:
    plain = text.replace("\\.", ".").replace("\\/", "/")
    # A backslash that is left says that this is a path, where a dot may follow one.
    return text if "\\" in plain.replace(":\\\\", "", 1) else plain


def _spell_words(text: str) -> str:
    """Read `someone at evil dot example`, where nothing else stands between blanks."""
    if len(text) > _LONGEST_WORDED:
        return text
    joined = _WORD.sub(lambda word: _WORDS[word[1].lower()], text)
    return text if any(rune.isspace() for rune in joined) else joined
