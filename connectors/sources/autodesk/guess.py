"""Which things of a project a pasted text may mean: a web page's URL, a URN, a GUID."""

import re
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator, Sequence
from itertools import islice
from urllib.parse import unquote

from connectors.contract import Guess
from connectors.errors import AmbiguousNodeError, InvalidNodeIdError
from connectors.model import Address, NodeId, Selection
from connectors.sources.autodesk.address import MAX_ID_LENGTH, WHOLE_CONTAINER, claim_address
from connectors.sources.autodesk.container import Containers, is_guid
from connectors.sources.autodesk.web_page import WebPage, read_page_url

# A text that says no container may mean one in each; of very many, the likeliest are told.
_MOST, _LEAST = 64, 0.001
_PAGE, _PROJECT_PAGE, _AROUND = 0.97, 0.92, 0.3
_OWN_PROJECT, _ANY_PROJECT, _DATA_MANAGEMENT_PROJECT = 0.9, 0.2, 0.95
_Typed = tuple[str, str, float]
_DOCUMENTS = "autodesk-bim360-documentmanagement"
_MODELS = "autodesk-bim360-modelcoordination"
# Types whose ids are GUIDs (field guide and real extracts), and how likely one of unknown origin is each.
_GUID_TYPES = (
    ("autodesk-bim360-issue", "issue", 0.3),
    ("autodesk-bim360-asset", "asset", 0.2),
    ("autodesk-construction-photo", "photo", 0.1),
    ("autodesk-construction-form", "form", 0.1),
    ("autodesk-bim360-rfi", "rfi", 0.08),
    ("autodesk-bim360-cost", "pco", 0.04),
    ("autodesk-bim360-asset", "categoryuid", 0.03),
    ("autodesk-bim360-issue", "coordination", 0.03),
    ("autodesk-construction-correspondence", "thread", 0.02),
    (_MODELS, "clashgroup", 0.02),
)
_WIP = r"urn:adsk\.wip[a-z0-9]{1,16}:"
_LINEAGE = rf"{_WIP}dm\.lineage:[A-Za-z0-9_-]{{1,64}}"
# What ids look like that are no GUIDs (field guide, real extracts), and what they are ids of.
_SHAPES: tuple[tuple[re.Pattern[str], Sequence[_Typed]], ...] = (
    (re.compile(_LINEAGE), ((_DOCUMENTS, "documentlineage", 0.9), (_MODELS, "documentlineage", 0.1))),
    (re.compile(rf"{_LINEAGE}\?version=[0-9]{{1,9}}"), ((_DOCUMENTS, "documentversion", 1.0),)),
    (re.compile(rf"{_LINEAGE}#.+", re.DOTALL), ((_MODELS, "documentlineage", 1.0),)),
    (
        re.compile(rf"{_WIP}fs\.file:vf\.[A-Za-z0-9_-]{{1,64}}\?version=[0-9]{{1,9}}"),
        ((_DOCUMENTS, "fileversion", 0.7), ("autodesk-construction-markup", "markupdocument", 0.3)),
    ),
    (
        re.compile(r"urn:adsk:form\.field:[0-9A-Za-z-]{36}/[0-9A-Za-z-]{36}"),
        (("autodesk-construction-form", "formfield", 1.0),),
    ),
    (
        re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}-[0-9]{1,12}"),
        (("autodesk-construction-schedule", "activity", 0.9),),
    ),
)
# "urn:adsk" in base64: what the viewer and the Model Derivative API call a file.
_ENCODED = "dXJuOmFkc2"
_LONGEST = 2 * MAX_ID_LENGTH


def recognise(text: str, *, containers: Containers) -> tuple[Guess, ...]:
    """Give what the text may mean in these containers, the surest first."""
    if page := read_page_url(text):
        guesses = _show(page, containers)
    elif len(text) <= _LONGEST:
        guesses = _name(_decode(text), containers)
    else:
        return ()
    best: dict[Address, Guess] = {}
    for guess in islice(guesses, _MOST):
        best.setdefault(guess.address, guess)
    return tuple(sorted(best.values(), key=lambda guess: (-guess.confidence, str(guess.address))))


def _show(page: WebPage, containers: Containers) -> Iterator[Guess]:
    shown = False
    if page.urn is not None:
        types = _type_urn(page.urn)
        largest = max((share for *_, share in types), default=1.0)
        for domain, type_, share in types:
            shown = True
            node = _node(domain, page.project, type_, page.urn)
            yield from _claim(node, _PAGE * share / largest, containers)
    elif page.guid is not None:
        shown = True
        node = _node(page.domain, page.project, page.type, page.guid)
        yield from _claim(node, _PAGE, containers)
    whole = Selection(WHOLE_CONTAINER, page.project, None)
    yield from _claim(whole, _AROUND if shown else _PROJECT_PAGE, containers)


def _name(text: str, containers: Containers) -> Iterator[Guess]:
    project = text[2:] if text[:2].lower() == "b." else text
    if is_guid(project):
        known = containers != "any" and project.lower() in containers
        sure = _OWN_PROJECT if known else _ANY_PROJECT
        sure = sure if project == text else _DATA_MANAGEMENT_PROJECT
        yield from _claim(Selection(WHOLE_CONTAINER, project.lower(), None), sure, containers)
        if project != text:
            return
    if containers == "any":
        # Without a container there is no address, and nobody has said which there are.
        return
    for domain, type_, share in _type_urn(text):
        key = text.lower() if is_guid(text) else text
        for container in containers:
            node = _node(domain, container, type_, key)
            yield from _claim(node, share / len(containers), containers)


def _type_urn(text: str) -> Sequence[_Typed]:
    """Give the domains and types whose ids look like this, and how likely each is."""
    if is_guid(text):
        return _GUID_TYPES
    return next((types for shape, types in _SHAPES if shape.fullmatch(text)), ())


def _decode(text: str) -> str:
    """Undo what a URN was wrapped in: percent-encoding, or base64 in either alphabet."""
    if text[:5].lower() in ("urn%3", "urn:a") and "%" in text:
        return unquote(text)
    if text[:9].lower() == "urn:uuid:":
        return text[9:]
    encoded = text.removeprefix("urn:").rstrip("=")
    if not encoded.startswith(_ENCODED) or not encoded.isascii():
        return text
    try:
        return urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode("utf-8")
    except (Base64Error, UnicodeError, ValueError):
        return text


def _node(domain: str, container: str, type_: str, key: str) -> NodeId | None:
    try:
        return NodeId(domain, container, type_, key)
    except InvalidNodeIdError:
        return None


def _claim(address: Address | None, confidence: float, containers: Containers) -> Iterator[Guess]:
    """Give the guess if its address is one of ours."""
    try:
        claimed = () if address is None else claim_address(address, containers=containers)
    except (AmbiguousNodeError, InvalidNodeIdError):
        return
    yield from (Guess(one, max(round(confidence, 3), _LEAST)) for one in claimed if one == address)
