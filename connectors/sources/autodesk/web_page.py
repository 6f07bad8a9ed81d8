"""The web pages of BIM 360 and ACC: which project, and which thing in it, a page's URL shows.

No page of Autodesk's documents these URLs. Known are the hosts (the regions page of the ACC
documentation) and the pages of files (`links.webView` of the Data Management API's replies). The pages of
issues, RFIs, submittals, forms, photos and assets are as several public programs build them; that an
id stands in the same place under other tools is inferred. Every one names the project by its GUID, and
the project is the container.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import parse_qsl, unquote, urlsplit

from connectors.sources.autodesk.container import is_guid

_LONGEST = 8192
_HOST = re.compile(
    # https://aps.autodesk.com/en/docs/acc/v1/overview/acc-regions
    r"acc\.autodesk\.(?:com|eu)|acc\.(?:aus|can|gbr|deu|ind|jpn)\.autodesk\.com"
    r"|(?:docs|field|pm|cost)\.b360(?:\.eu)?\.autodesk\.com"
)
# The tool, as it stands in a URL: the domain and type of what its pages show.
_TOOLS: Mapping[str, tuple[str, str]] = {
    "issues": ("autodesk-bim360-issue", "issue"),
    "rfis": ("autodesk-bim360-rfi", "rfi"),
    "assets": ("autodesk-bim360-asset", "asset"),
    "forms": ("autodesk-construction-form", "form"),
    "photos": ("autodesk-construction-photo", "photo"),
    "submittals": ("autodesk-construction-submittals", "submittalitem"),
    "checklists": ("autodesk-bim360-checklist", "checklist"),
}
# Where a tool's page names the one thing it shows, beside the path.
_PARAMETERS = ("issueId", "rfiId", "assetId", "photoId", "formId", "itemId", "preview")


@dataclass(frozen=True, slots=True)
class WebPage:
    """What a page shows: a project, and in it a URN, or a GUID of a domain and type; else the project."""

    project: str
    urn: str | None = None
    guid: str | None = None
    domain: str = ""
    type: str = ""


def read_page_url(text: str) -> WebPage | None:
    """Read a page's URL; None when it is no page of a project."""
    if len(text) > _LONGEST or not text.lower().startswith(("https://", "http://")):
        return None
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return None
    if not _HOST.fullmatch(host):
        return None
    # One-page applications have kept what they show behind a '#', too.
    path, _, late = parts.fragment.partition("?")
    steps = [unquote(step) for step in f"{parts.path}/{path}".split("/") if step]
    query = dict(parse_qsl(f"{parts.query}&{late}"))
    at = next((number for number, step in enumerate(steps) if step.lower() == "projects"), len(steps))
    project = "".join(steps[at + 1 : at + 2]).lower().removeprefix("b.")
    if not is_guid(project):
        return None
    before, behind = steps[:at], steps[at + 2 :]
    return _read_document(project, behind, query) or _read_thing(project, (*before, *behind), query)


def _read_document(project: str, behind: Sequence[str], query: Mapping[str, str]) -> WebPage | None:
    """Find the URN of a file: `entityId` in ACC, the step behind `items` in BIM 360."""
    items = (step for before, step in pairwise(behind) if before == "items")
    named = (query.get("entityId", ""), *items)
    urn = next((text for text in named if text.startswith("urn:")), None)
    return None if urn is None else WebPage(project, urn=urn)


def _read_thing(project: str, steps: Sequence[str], query: Mapping[str, str]) -> WebPage:
    tool = next((step for step in steps if step in _TOOLS), None)
    guid = next(_guids(steps, query), None)
    if tool is None or guid is None:
        return WebPage(project)
    domain, type_ = _TOOLS[tool]
    return WebPage(project, guid=guid, domain=domain, type=type_)


def _guids(steps: Sequence[str], query: Mapping[str, str]) -> Iterator[str]:
    """Give the GUIDs of a page; of several in the path the last is the thing, as in a form of a template."""
    yield from (query[name].lower() for name in _PARAMETERS if is_guid(query.get(name, "")))
    yield from (step.lower() for step in reversed(steps) if is_guid(step))
