"""Addresses of well-known places in the sandboxes' worlds."""

from harness.settings import CONTAINER

EMEA = "5c1de0a2-93b7-4f0e-a1d4-6e2f8b7c9d10"
SECOND = "0d8e7b64-2f1c-4c3a-9b5e-7a6f10c2d3e4"
"""The other two containers of the Autodesk sandbox; its first is `settings.CONTAINER`."""

# The ThreatWinds document's own pair, a neighbor of that threat, and their native ids.
DOMAIN = "observable:domain:acescency.com"
DOMAIN_ID = "domain-59f5e994104053f590acdd1d2d72071669c839a60fc68291110facfa2fd16396"
THREAT = "threatwinds:threat:expansion on 123@123.com"
DROPPER = "threatwinds:malware:doc dropper agent"
DROPPER_ID = "malware-354f478ccf22fdb49d2c4fd1e112bd05960bd9976f9709cbb46a7b04297d2b5a"
# 2000 neighbors, and 25 000 of which only 10 000 can ever be seen.
MALWARE_HUB = "threatwinds:malware:win trojan agent"
GIANT = "threatwinds:port:443/tcp"
NOBODY = "observable:domain:nobody-knows-this.example.com"

# The Autodesk document's own three, and a document and an asset with hundreds of relations.
ISSUE = f"autodesk-bim360-issue@{CONTAINER}:issue:bd17903c-7d3b-4e56-a79f-4cea00d430db"
ASSET = f"autodesk-bim360-asset@{CONTAINER}:asset:2b95ba7a-3df5-4e99-a693-9c7cc15ee8c0"
DOCUMENT = (
    f"autodesk-bim360-documentmanagement@{CONTAINER}:documentlineage:"
    "urn:adsk.wipprod:dm.lineage:hC6k4hndRWaeIVhIjvHu8w"
)
DOCUMENT_HUB = (
    f"autodesk-bim360-documentmanagement@{CONTAINER}:documentlineage:"
    "urn:adsk.wipprod:dm.lineage:Sh33tIndexHub_0123456A"
)
ASSET_HUB = f"autodesk-bim360-asset@{CONTAINER}:asset:c0ffee00-1a2b-4c3d-8e4f-5a6b7c8d9e0f"
