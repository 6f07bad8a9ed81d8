"""Which kinds of thing are related to which: how many in the demo project, and what callers may write."""

from typing import Any

from connectors.sandbox.autodesk import kind
from connectors.sandbox.autodesk.kind import Kind

# How many things of each kind the demo project has (the small projects have a share of it).
POPULATION: dict[Kind, int] = {
    kind.ASSET: 420,
    kind.CATEGORY: 8,
    kind.CATEGORY_UID: 12,
    kind.SYSTEM: 12,
    kind.CHECKLIST: 60,
    kind.BUDGET: 20,
    kind.PCO: 30,
    kind.DOCUMENT: 360,
    kind.DOCUMENT_VERSION: 60,
    kind.FILE_VERSION: 90,
    kind.ISSUE: 540,
    kind.COORDINATION: 90,
    kind.QUALITY: 30,
    kind.LOCATION: 24,
    kind.MARKUP: 90,
    kind.MEETING: 40,
    kind.MEETING_ITEM: 80,
    kind.CLASH_GROUP: 80,
    kind.MODEL_CONTAINER: 3,
    kind.MODEL: 30,
    kind.SCOPE: 8,
    kind.RFI: 120,
    kind.THREAD: 25,
    kind.PACKAGE: 10,
    kind.FORM: 200,
    kind.FORM_FIELD: 160,
    kind.FORM_TEMPLATE: 20,
    kind.MARKUP_DOCUMENT: 60,
    kind.PHOTO: 480,
    kind.ACTIVITY: 60,
    kind.SHEET: 50,
    kind.SUBMITTAL: 60,
}

# How many relationships join each two kinds in the demo project. The pairs are those seen or listed
# in the field guides, the issue and asset tutorials and a real Data Connector extract.
RELATIONS: dict[tuple[Kind, Kind], int] = {
    (kind.ASSET, kind.DOCUMENT): 640,
    (kind.ASSET, kind.ISSUE): 440,
    (kind.ASSET, kind.PHOTO): 400,
    (kind.ASSET, kind.FORM): 200,
    (kind.ASSET, kind.CHECKLIST): 60,
    (kind.ASSET, kind.SHEET): 70,
    (kind.ASSET, kind.ACTIVITY): 50,
    (kind.ASSET, kind.RFI): 50,
    (kind.ASSET, kind.LOCATION): 50,
    (kind.ASSET, kind.SUBMITTAL): 40,
    (kind.ASSET, kind.MEETING_ITEM): 30,
    (kind.ASSET, kind.MEETING): 20,
    (kind.ASSET, kind.BUDGET): 20,
    (kind.CATEGORY_UID, kind.FORM_TEMPLATE): 20,
    (kind.CATEGORY, kind.FORM_TEMPLATE): 10,
    (kind.ISSUE, kind.DOCUMENT): 580,
    (kind.ISSUE, kind.PHOTO): 400,
    (kind.ISSUE, kind.FORM_FIELD): 150,
    (kind.ISSUE, kind.ISSUE): 140,
    (kind.ISSUE, kind.FORM): 120,
    (kind.ISSUE, kind.MARKUP): 110,
    (kind.ISSUE, kind.RFI): 80,
    (kind.ISSUE, kind.MARKUP_DOCUMENT): 70,
    (kind.ISSUE, kind.ACTIVITY): 40,
    (kind.ISSUE, kind.PCO): 30,
    (kind.ISSUE, kind.THREAD): 30,
    (kind.QUALITY, kind.DOCUMENT): 40,
    (kind.COORDINATION, kind.MODEL): 140,
    (kind.COORDINATION, kind.CLASH_GROUP): 110,
    (kind.COORDINATION, kind.DOCUMENT_VERSION): 80,
    (kind.COORDINATION, kind.MODEL_CONTAINER): 60,
    (kind.COORDINATION, kind.SCOPE): 60,
    (kind.FORM, kind.PHOTO): 190,
    (kind.FORM, kind.ACTIVITY): 30,
    (kind.FORM, kind.SYSTEM): 15,
    (kind.PHOTO, kind.FORM_FIELD): 130,
    (kind.PHOTO, kind.SHEET): 60,
    (kind.RFI, kind.DOCUMENT): 110,
    (kind.RFI, kind.PCO): 25,
    (kind.SUBMITTAL, kind.DOCUMENT): 80,
    (kind.FILE_VERSION, kind.FILE_VERSION): 90,
    (kind.MEETING_ITEM, kind.DOCUMENT): 50,
    (kind.PACKAGE, kind.DOCUMENT): 40,
}

# The full matrix is not public: this one holds the documented sample (asset, category, photo) and the
# pairs that the tutorials create. One direction is enough; asset and photo name each other, as upstream.
_WRITABLE: dict[Kind, tuple[Kind, ...]] = {
    kind.ASSET: (kind.DOCUMENT, kind.PHOTO, kind.FORM, kind.ISSUE, kind.RFI, kind.SHEET, kind.SUBMITTAL),
    kind.CATEGORY: (kind.FORM_TEMPLATE,),
    kind.CATEGORY_UID: (kind.FORM_TEMPLATE,),
    kind.PHOTO: (kind.ASSET, kind.FORM, kind.FORM_FIELD),
    kind.FORM: (kind.ASSET, kind.PHOTO),
    kind.ISSUE: (kind.DOCUMENT, kind.ASSET, kind.PHOTO, kind.FORM, kind.RFI, kind.ISSUE),
    kind.RFI: (kind.DOCUMENT,),
    kind.SUBMITTAL: (kind.DOCUMENT,),
    kind.FILE_VERSION: (kind.FILE_VERSION,),
}


def is_writable(one: Kind, other: Kind) -> bool:
    """Tell whether callers may relate the two kinds: either direction being listed will do."""
    return other in _WRITABLE.get(one, ()) or one in _WRITABLE.get(other, ())


def render_matrix() -> list[dict[str, Any]]:
    """Give the writable pairs as `relationships:writable` lists them."""
    return [
        {
            "domain": domain,
            "entityTypes": [
                {"entityType": subject.type, "allow": _render_allowed(_WRITABLE[subject])}
                for subject in _WRITABLE
                if subject.domain == domain
            ],
        }
        for domain in dict.fromkeys(subject.domain for subject in _WRITABLE)
    ]


def _render_allowed(kinds: tuple[Kind, ...]) -> list[dict[str, Any]]:
    return [
        {"domain": domain, "entityTypes": [other.type for other in kinds if other.domain == domain]}
        for domain in dict.fromkeys(other.domain for other in kinds)
    ]
