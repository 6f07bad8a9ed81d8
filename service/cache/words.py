"""The words that entries are full of: the dictionary by which they are compressed.

An entry of a thousand bytes repeats little within itself and much of what others say, so it is
compressed as if this stood before it. The dictionary is made of this page alone, the same bytes in every
process of a version, and an entry names it by its digest: whoever changes a word here makes a miss of
every entry there is, once. What the built-in sources call things stands here, and not with them, because
entries are read where no source is at hand (a purge, a page of an answer that goes on). An entry of any
other source is a little larger, and that is all.
"""

from collections.abc import Iterator, Sequence

from msgspec.msgpack import encode

from service.cache.row import AS_KEY, LISTED, UNLABELED

# A namespace, a type, and what is told of such a node beside its own value and the names below.
_ENTITIES = """
threatwinds adversary
threatwinds aso
threatwinds certificate-fingerprint
threatwinds city
threatwinds command
threatwinds country
threatwinds cpe
threatwinds email-subject
threatwinds email email-address email-subject
threatwinds ja3-fingerprint
threatwinds malware-family
threatwinds malware-type
threatwinds mime-type
threatwinds os
threatwinds phone
threatwinds port
threatwinds process
threatwinds regkey
threatwinds threat
threatwinds username
threatwinds whois-registrar
threatwinds windows-service-name
threatwinds malware malware-family malware-type
threatwinds path
threatwinds filename
threatwinds file md5 sha256
observable mac-address
observable asn
observable email-address
observable cve
observable cidr asn aso city country
observable sha1
observable hostname
observable md5
observable sha256
observable url
observable domain whois-registrar
observable ip cidr
"""
_ENTITY_NAMES = ("accuracy", "reputation", "tags", "updated_at")

# A namespace and its types.
_PROJECT = """
autodesk-bim360-cost budget pco
autodesk-construction-filepackages package
autodesk-construction-correspondence thread
autodesk-bim360-modelcoordination scope container documentlineage clashgroup
autodesk-bim360-locations location
autodesk-construction-sheet sheetlineage
autodesk-construction-submittals submittalitem
autodesk-construction-markup markupdocument
autodesk-bim360-checklist checklist
autodesk-construction-schedule activity
autodesk-bim360-markup markup
autodesk-bim360-meetingminutes meeting meetingitem
autodesk-bim360-rfi rfi
autodesk-construction-form formtemplate formfield form
autodesk-bim360-documentmanagement fileversion documentversion documentlineage
autodesk-bim360-asset category system categoryuid asset
autodesk-construction-photo photo
autodesk-bim360-issue quality coordination issue
"""
_PROJECT_NAMES = ("created_at",)

# Parts of keys and values: what many have in common comes last.
_TEXT = r"""
cpe:2.3:o: cpe:2.3:a: :*:*:*:*:*:*:* hklm\software\microsoft\windows\currentversion\run\ hkcu\software\
c:\program files\ c:\users\public\ c:\windows\system32\ c:\windows\temp\ /usr/local/bin/ /etc/cron.d/
powershell -enc cmd.exe /c curl -s rundll32 application/octet-stream text/html
trojan ransomware backdoor dropper loader stealer miner worm spyware adware rootkit campaign win32. linux.
known-good common-file phishing malware scanner spam botnet c2 tor sinkhole
broadband telecom networks cloud hosting llc registry llc names llc registrar llc
Subject: invoice payment document delivery account notice cve-2021- cve-2022- cve-2023- /udp /tcp
.html .php .doc .zip .pdf .js .sh .ps1 .dll .exe &next=http%3a// :8080/ http://www. https://www.
.ru .cn .de .in .top .biz .info .xyz .io .org .net .com http:// https://
urn:adsk:form.field: urn:adsk.wipprod:fs.file:vf. urn:adsk.wipprod:dm.lineage: ?version=
"""


def _kinds() -> Iterator[tuple[object, ...]]:
    """Give the rows of kinds, in the form that they have where their attributes come first."""
    for line in _PROJECT.split("\n"):
        namespace, *types = line.split() or [""]
        yield from ((namespace, None, type_, UNLABELED, (0,), LISTED) for type_ in types)
    for line in _ENTITIES.strip().split("\n"):
        namespace, type_, *carried = line.split()
        places = tuple(range(len({type_, *carried, *_ENTITY_NAMES})))
        yield namespace, None, type_, AS_KEY, places, LISTED


def _names() -> Iterator[Sequence[str]]:
    """Give the names of attributes in the order in which nodes tell them."""
    for line in _ENTITIES.strip().split("\n"):
        _, type_, *carried = line.split()
        yield sorted({type_, *carried, *_ENTITY_NAMES})
    yield _PROJECT_NAMES


_BONDS = (
    *(
        ("related_to", False, False, (("is_read_only", read_only), ("is_service", service)))
        for read_only in (False, True)
        for service in (True, False)
    ),
    ("related_to", False, False, ()),
)

# What comes last is the cheapest to point at.
WORDS = b"".join(
    (
        *map(encode, _names()),
        *map(encode, _kinds()),
        _TEXT.encode(),
        *map(encode, _BONDS),
        # Places one after the other, and the columns that are packed most often: times and long digests.
        encode((*range(1, 30), -1, -1, 27, 128)),
    )
)
"""Everything on this page, in the form that it has in a payload."""
