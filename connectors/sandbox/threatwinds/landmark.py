"""The places of the world that tests go to: the documented example, hubs, chains, islands and forgeries."""

from dataclasses import dataclass
from itertools import pairwise

from connectors.sandbox.threatwinds.draft import Draft
from connectors.sandbox.threatwinds.entity import Entity, Moment, entity_id
from connectors.sandbox.threatwinds.population import QUANTFALL_ONLY

# The upstream's own example, to the letter.
# Source: "Get Relations by entity id", the curl call and the 202 reply.
EXAMPLE_DOMAIN = "acescency.com"
EXAMPLE_THREAT = "expansion on 123@123.com"
EXAMPLE_MOMENT = Moment(1_681_368_583_218_143_362)  # 2023-04-13T06:49:43.218143362Z

# Type, value, and exactly how many neighbors, whoever asks and in whichever direction.
HUBS: tuple[tuple[str, str | int, int], ...] = (
    ("malware", "win trojan agent", 2000),
    ("malware", "win trojan sdbot", 600),
    ("asn", 9009, 450),
    ("threat", "tax season phishing wave", 320),
    ("ip", "8.8.8.8", 250),
    ("malware-family", "sirefef", 200),
)
HUB_NEIGHBORS = ("md5", "sha1", "sha256", "url", "file", "ip", "domain", "hostname")

CHAIN_TYPES = ("domain", "ip", "hostname", "url", "file", "sha256", "malware", "threat")
CHAINS = 4
# A component of its own, five hops deep: each entity of a level has so many on the next.
DEEP_LEVELS = (("malware", 3), ("domain", 2), ("url", 2), ("file", 1), ("sha256", 1))
ISLAND_TYPES = ("domain", "ip", "md5", "cve", "username", "asn")
# Values that were edited after their id was made, as two in the upstream's documentation were.
FORGERIES = (
    ("domain", "griincom.co.ke", "griincomhipotetic.co.ke"),
    ("domain", "maibuzhao.cn", "maibuzhao-example.cn"),
    ("url", "http://www.garrett.kz/cards/setup.exe", "http://www.garrett.kz/cards/thisIsAVirus.exe"),
    ("malware", "win exploit cve_2023_21823", "win exploit redacted"),
    ("email-address", "billing@sunglassesone.com", "someone@example.com"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Landmarks:
    """Where the places are, by native id; the first chain runs forwards only, the others turn about."""

    example: str
    example_threat: str
    hubs: dict[str, int]
    chains: tuple[tuple[str, ...], ...]
    deep: str
    islands: tuple[str, ...]
    forgeries: tuple[str, ...]


def build_landmarks(draft: Draft) -> Landmarks:
    """Add all places to a draft that is populated already."""
    example, threat = _build_example(draft)
    return Landmarks(
        example=example.id,
        example_threat=threat.id,
        hubs={_build_hub(draft, kind, value, size).id: size for kind, value, size in HUBS},
        chains=tuple(_build_chain(draft, turning=number > 0) for number in range(CHAINS)),
        deep=_build_deep(draft).id,
        islands=tuple(draft.invent(kind).id for kind in ISLAND_TYPES),
        forgeries=tuple(_build_forgery(draft, *forgery).id for forgery in FORGERIES),
    )


def _build_example(draft: Draft) -> tuple[Entity, Entity]:
    domain = draft.add("domain", EXAMPLE_DOMAIN)
    threat = Entity(
        id=entity_id("threat", EXAMPLE_THREAT),
        type="threat",
        value=EXAMPLE_THREAT,
        shown=EXAMPLE_THREAT,
        extras={},
        updated=EXAMPLE_MOMENT,
        last_seen=EXAMPLE_MOMENT,
        accuracy=1,
        reputation=-2,
        best_reputation=0,
        worst_reputation=-2,
        tags=(),
        tags_shape="null",
        groups=("public",),
    )
    draft.put(threat)
    draft.relate(domain, threat)
    draft.relate(threat, draft.add("email-address", "123@123.com"))
    dropper = draft.add("malware", "doc dropper agent")
    draft.relate(threat, dropper)
    draft.relate(threat, draft.add("adversary", "Mellow Heron Group", groups=QUANTFALL_ONLY))
    for related in (*_draw_public(draft, "ip", 3), *_draw_public(draft, "domain", 2)):
        draft.relate(related, threat)
    for related in _draw_public(draft, "md5", 4):
        draft.relate(dropper, related)
    return domain, threat


def _draw_public(draft: Draft, type: str, count: int) -> list[Entity]:
    """Return some ordinary entities that everybody may see."""
    return draft.random.sample([one for one in draft.by_type[type] if "public" in one.groups], count)


def _build_hub(draft: Draft, type: str, value: str | int, size: int) -> Entity:
    hub = draft.add(type, value)
    around = [one for kind in HUB_NEIGHBORS for one in draft.by_type[kind] if "public" in one.groups]
    for related in draft.random.sample(around, size):
        draft.relate(hub, related)
    return hub


def _build_chain(draft: Draft, *, turning: bool) -> tuple[str, ...]:
    links = [draft.invent(kind) for kind in CHAIN_TYPES]
    for number, (near, far) in enumerate(pairwise(links)):
        draft.relate(*((far, near) if turning and number % 2 else (near, far)))
    return tuple(link.id for link in links)


def _build_deep(draft: Draft) -> Entity:
    root = draft.add("adversary", "Paper Lantern Collective")
    level = [root]
    for kind, count in DEEP_LEVELS:
        below = []
        for above in level:
            for _ in range(count):
                below.append(draft.invent(kind))
                draft.relate(above, below[-1])
        for near, far in pairwise(below):  # cycles, which shorten no way from the root
            draft.relate(near, far)
        level = below
    return root


def _build_forgery(draft: Draft, type: str, value: str, shown: str) -> Entity:
    forgery = draft.add(type, value, shown=shown)
    for related in _draw_public(draft, "ip", 2):
        draft.relate(forgery, related)
    for related in _draw_public(draft, "file", 2):
        draft.relate(related, forgery)
    return forgery
