"""The named places of the generated world: what a test or a demo may rely on by name."""

from connectors.sandbox.autodesk import kind
from connectors.sandbox.autodesk.row import End, Entity, Row

DEMO_CONTAINER = "f0f4f36a-ac64-687f-b132-8efe04b22454"
EMEA_CONTAINER = "5c1de0a2-93b7-4f0e-a1d4-6e2f8b7c9d10"
SECOND_CONTAINER = "0d8e7b64-2f1c-4c3a-9b5e-7a6f10c2d3e4"

DEMO_ASSET = Entity(*kind.ASSET, "2b95ba7a-3df5-4e99-a693-9c7cc15ee8c0")
DEMO_DOCUMENT = Entity(*kind.DOCUMENT, "urn:adsk.wipprod:dm.lineage:hC6k4hndRWaeIVhIjvHu8w")
DEMO_ISSUE = Entity(*kind.ISSUE, "bd17903c-7d3b-4e56-a79f-4cea00d430db")

# An issue and a photo may have one GUID: only the whole triple says which is meant.
_SHARED_GUID = "a3e1c9d2-5b64-4e0f-8c17-29d0b6f4e583"
SHARED_ISSUE = Entity(*kind.ISSUE, _SHARED_GUID)
SHARED_PHOTO = Entity(*kind.PHOTO, _SHARED_GUID)

HUB_DOCUMENT = Entity(*kind.DOCUMENT, "urn:adsk.wipprod:dm.lineage:Sh33tIndexHub_0123456A")
HUB_ASSET = Entity(*kind.ASSET, "c0ffee00-1a2b-4c3d-8e4f-5a6b7c8d9e0f")

# The row of the reference page's example reply, field by field, as the caller of that page sees it.
DEMO_ROW = Row(
    "74b70bb8-8802-a1fd-f201-890375a60c8f",
    "2015-10-21T16:32:22Z",
    (
        End(DEMO_ASSET, "2021-07-29T11:39:12+01:00"),
        End(DEMO_DOCUMENT, "2021-07-29T13:39:12+01:00"),
    ),
)
