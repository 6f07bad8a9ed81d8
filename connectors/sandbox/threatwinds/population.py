"""The bulk of the world: thousands of ordinary entities, related as threat feeds relate them."""

from connectors.sandbox.threatwinds.draft import PUBLIC, Draft
from connectors.sandbox.threatwinds.entity import Entity, Plain

QUANTFALL_ONLY = ("quantfall",)
BOTH_GROUPS = ("public", "quantfall")

# How many of each type. A type comes after those whose values it carries as attributes.
COUNTS: dict[str, int] = {
    "country": 40, "city": 60, "asn": 60, "aso": 60, "cidr": 140, "ip": 1300, "port": 40, "mac-address": 60,
    "os": 14, "whois-registrar": 20, "domain": 1100, "hostname": 200, "url": 500, "email-address": 200,
    "email-subject": 40, "email": 40, "username": 60, "phone": 30, "certificate-fingerprint": 80,
    "ja3-fingerprint": 30, "malware-family": 30, "malware-type": 12, "malware": 90, "md5": 300, "sha1": 150,
    "sha256": 500, "file": 250, "filename": 150, "path": 120, "process": 60, "command": 30, "regkey": 40,
    "windows-service-name": 20, "mime-type": 12, "cpe": 60, "cve": 200, "adversary": 30, "threat": 60,
}  # fmt: skip

# Attributes that an entity takes from others, each of which it is then related to.
# Source: the composite types of the upstream's definitions.
CARRIED: dict[str, tuple[str, ...]] = {
    "cidr": ("country", "city", "asn", "aso"),
    "ip": ("cidr",),
    "domain": ("whois-registrar",),
    "email": ("email-address", "email-subject"),
    "malware": ("malware-family", "malware-type"),
    "file": ("md5", "sha256"),
}

# From, to, and how many at least and at most. Source: the pairs that the vendor's own ingester makes.
PAIRINGS: tuple[tuple[str, str, int, int], ...] = (
    ("ip", "domain", 0, 2), ("domain", "ip", 0, 2), ("ip", "hostname", 0, 1), ("hostname", "ip", 0, 1),
    ("ip", "port", 0, 1), ("ip", "cve", 0, 1), ("ip", "mac-address", 0, 1), ("url", "domain", 1, 1),
    ("url", "ip", 0, 2), ("email", "domain", 0, 2), ("email-address", "domain", 1, 1),
    ("email", "ip", 0, 1), ("malware", "domain", 0, 6), ("malware", "ip", 0, 6), ("malware", "url", 0, 6),
    ("malware", "file", 1, 5), ("malware", "regkey", 0, 2), ("malware", "windows-service-name", 0, 1),
    ("file", "sha1", 0, 1), ("file", "filename", 0, 2), ("file", "process", 0, 1), ("process", "file", 0, 2),
    ("file", "mime-type", 0, 1), ("filename", "path", 0, 1), ("process", "command", 0, 2),
    ("cve", "cpe", 0, 2), ("os", "cve", 0, 6), ("certificate-fingerprint", "domain", 1, 3),
    ("ja3-fingerprint", "malware", 1, 2), ("threat", "malware", 0, 4), ("threat", "cve", 0, 2),
    ("threat", "domain", 0, 4), ("adversary", "threat", 1, 4), ("adversary", "malware", 0, 2),
    ("username", "email-address", 0, 2), ("phone", "threat", 0, 1), ("md5", "malware", 0, 1),
    ("sha256", "malware", 0, 1),
)  # fmt: skip


def populate(draft: Draft) -> None:
    """Fill a draft with ordinary entities and relate them."""
    for kind, count in COUNTS.items():
        for _ in range(count):
            _settle(draft, kind)
    for subject_type, object_type, least, most in PAIRINGS:
        others = draft.by_type[object_type]
        for entity in draft.by_type[subject_type]:
            for related in draft.random.sample(others, draft.random.randint(least, most)):
                draft.relate(entity, related)


def _settle(draft: Draft, type: str) -> None:
    """Add one ordinary entity together with the attributes it takes from others."""
    carried = [draft.random.choice(draft.by_type[kind]) for kind in CARRIED.get(type, ())]
    extras: dict[str, Plain] = {entity.type: entity.shown for entity in carried if _is_open(entity)}
    added = draft.invent(type, extras=extras, groups=_draw_groups(draft), ordinary=True)
    for entity in carried:
        draft.relate(added, entity)


def _is_open(entity: Entity) -> bool:
    """Return whether everybody may know the entity, so that no attribute gives it away."""
    return "public" in entity.groups


def _draw_groups(draft: Draft) -> tuple[str, ...]:
    dice = draft.random.randrange(100)
    return QUANTFALL_ONLY if dice < 5 else BOTH_GROUPS if dice < 10 else PUBLIC  # noqa: PLR2004 - percent
