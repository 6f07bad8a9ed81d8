"""The kinds of thing that can be related, and what their ids look like."""

import re
from collections.abc import Callable
from random import Random
from typing import NamedTuple
from uuid import UUID

# The documentation's own GUIDs do not all carry RFC 4122 bits, so only the shape is checked.
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_FREE_GUID_SHARE = 0.1
_VIEWABLES = ("{3D}", "{3D - Coordination}", "Level 02/Mechanical")


class Kind(NamedTuple):
    """A domain and an entity type of that domain."""

    domain: str
    type: str


ASSET = Kind("autodesk-bim360-asset", "asset")
CATEGORY = Kind("autodesk-bim360-asset", "category")
CATEGORY_UID = Kind("autodesk-bim360-asset", "categoryuid")
SYSTEM = Kind("autodesk-bim360-asset", "system")
CHECKLIST = Kind("autodesk-bim360-checklist", "checklist")
BUDGET = Kind("autodesk-bim360-cost", "budget")
PCO = Kind("autodesk-bim360-cost", "pco")
DOCUMENT = Kind("autodesk-bim360-documentmanagement", "documentlineage")
DOCUMENT_VERSION = Kind("autodesk-bim360-documentmanagement", "documentversion")
FILE_VERSION = Kind("autodesk-bim360-documentmanagement", "fileversion")
ISSUE = Kind("autodesk-bim360-issue", "issue")
COORDINATION = Kind("autodesk-bim360-issue", "coordination")
QUALITY = Kind("autodesk-bim360-issue", "quality")
LOCATION = Kind("autodesk-bim360-locations", "location")
MARKUP = Kind("autodesk-bim360-markup", "markup")
MEETING = Kind("autodesk-bim360-meetingminutes", "meeting")
MEETING_ITEM = Kind("autodesk-bim360-meetingminutes", "meetingitem")
CLASH_GROUP = Kind("autodesk-bim360-modelcoordination", "clashgroup")
MODEL_CONTAINER = Kind("autodesk-bim360-modelcoordination", "container")
MODEL = Kind("autodesk-bim360-modelcoordination", "documentlineage")
SCOPE = Kind("autodesk-bim360-modelcoordination", "scope")
RFI = Kind("autodesk-bim360-rfi", "rfi")
THREAD = Kind("autodesk-construction-correspondence", "thread")
PACKAGE = Kind("autodesk-construction-filepackages", "package")
FORM = Kind("autodesk-construction-form", "form")
FORM_FIELD = Kind("autodesk-construction-form", "formfield")
FORM_TEMPLATE = Kind("autodesk-construction-form", "formtemplate")
MARKUP_DOCUMENT = Kind("autodesk-construction-markup", "markupdocument")
PHOTO = Kind("autodesk-construction-photo", "photo")
ACTIVITY = Kind("autodesk-construction-schedule", "activity")
SHEET = Kind("autodesk-construction-sheet", "sheetlineage")
SUBMITTAL = Kind("autodesk-construction-submittals", "submittalitem")


def make_guid(rng: Random) -> str:
    """Draw a GUID; one in ten carries no RFC 4122 bits, as in the service's own documentation."""
    bits = rng.getrandbits(128)
    return str(UUID(int=bits) if rng.random() < _FREE_GUID_SHARE else UUID(int=bits, version=4))


def make_id(kind: Kind, *, rng: Random, urn: str) -> str:
    """Draw an id of the form that `kind` has; `urn` is the region's prefix, `urn:adsk.wipprod` in the US."""
    shape = _SHAPES.get(kind)
    return make_guid(rng) if shape is None else shape(rng, urn)


def _make_short(rng: Random) -> str:
    return "".join(rng.choices(_BASE64URL, k=22))


def _make_lineage(rng: Random, urn: str) -> str:
    return f"{urn}:dm.lineage:{_make_short(rng)}"


def _make_lineage_version(rng: Random, urn: str) -> str:
    return f"{_make_lineage(rng, urn)}?version={rng.randint(1, 9)}"


def _make_model(rng: Random, urn: str) -> str:
    return f"{_make_lineage(rng, urn)}#{rng.choice(_VIEWABLES)}"


def _make_file_version(rng: Random, urn: str) -> str:
    return f"{urn}:fs.file:vf.{_make_short(rng)}?version={rng.randint(1, 9)}"


def _make_form_field(rng: Random, _urn: str) -> str:
    return f"urn:adsk:form.field:{make_guid(rng)}/{make_guid(rng)}"


def _make_activity(rng: Random, _urn: str) -> str:
    return f"{make_guid(rng)}-{rng.randint(100, 99_999)}"


def _make_number(rng: Random, _urn: str) -> str:
    return str(rng.randint(1_000, 999_999))


# Every kind that is not listed here has a GUID.
_SHAPES: dict[Kind, Callable[[Random, str], str]] = {
    DOCUMENT: _make_lineage,
    DOCUMENT_VERSION: _make_lineage_version,
    MODEL: _make_model,
    FILE_VERSION: _make_file_version,
    MARKUP_DOCUMENT: _make_file_version,
    FORM_FIELD: _make_form_field,
    ACTIVITY: _make_activity,
    CATEGORY: _make_number,
}
