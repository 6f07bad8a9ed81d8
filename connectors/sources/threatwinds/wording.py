"""Forms of ThreatWinds' worded data types: names of places and of people, paths, ports, phones."""

import re
from unicodedata import category

from connectors.observable.email_address import EMAIL
from connectors.observable.form import Form, as_written
from connectors.observable.name import FQDN
from connectors.observable.network import IP
from connectors.observable.text import is_worded, lower_runes
from connectors.observable.url import spell_url
from connectors.sources.threatwinds.identifier import UUID

# Between two letters these do not end a word, two of them in a row do (Unicode annex 29).
_WITHIN_WORD = frozenset("'.:\u00b7\u2018\u2019\u2024\u2027")
_JOINS = frozenset({"Mn", "Mc", "Me", "Cf", "Nd", "Pc"})
_HIGHEST_PORT = 65_535
_PORT = re.compile(r"([1-9][0-9]{0,4})/(?:tcp|udp)")
# One sign between the runs of a subtype, and two characters at least between two signs; written
# without the upstream's nested repetition, which a backtracking engine pays for dearly.
_MIME = re.compile(r"[a-z]+/(?:[a-z0-9]{3,}|[a-z0-9]+(?:[+,.-][a-z0-9]{2,})*[+,.-][a-z0-9]+)")
_PHONE = re.compile(r"\+[1-9][0-9]{0,2}(?:[\t\n\f\r ]?\([1-9][0-9]{0,3}\))?(?:[\t\n\f\r ]?-?[0-9]{1,4}){1,3}")


def _spell_title(value: str) -> str:
    """Give each word a title-case first letter, as English does."""
    written: list[str] = []
    inside = was_within = False
    for rune in lower_runes(value):
        within = rune in _WITHIN_WORD
        if was_within and within:
            inside = False
        if rune.islower() or rune.isupper() or rune.istitle():
            written.append(rune if inside else rune.title())
            inside = True
        else:
            written.append(rune)
            if not (within or rune.isalnum() or category(rune) in _JOINS):
                inside = False
        was_within = within
    return "".join(written)


def _is_path(value: str) -> bool:
    return "://" not in value


def _is_port(value: str) -> bool:
    match = _PORT.fullmatch(value)
    return match is not None and int(match[1]) <= _HIGHEST_PORT


def _is_mime_type(value: str) -> bool:
    return _MIME.fullmatch(value) is not None


def _is_phone(value: str) -> bool:
    return _PHONE.fullmatch(value) is not None


TITLE = Form(_spell_title, is_worded, "the name of a place")
PATH = Form(lower_runes, _is_path, "a path, without ://")
PORT = Form(lower_runes, _is_port, "a port, such as 443/tcp")
MIME_TYPE = Form(lower_runes, _is_mime_type, "a MIME type, such as application/pdf")
PHONE = Form(as_written, _is_phone, "a phone number in its international form, such as +15551234567")


def _is_adversary(value: str) -> bool:
    # Upstream any request URI counts as a URL here, `name:rest` and `/name` included.
    other = any(form.fits(value) for form in (UUID, EMAIL, IP, PHONE, FQDN))
    return not other and spell_url(value) is None


ADVERSARY = Form(
    as_written, _is_adversary, "a name that is no URL, UUID, e-mail or IP address, phone number or domain"
)
