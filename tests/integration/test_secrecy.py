"""Nothing that lies in the store tells a credential, and no key tells an address."""

from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.contract import Filter
from connectors.model import Edge, NodeFacts, NodeId
from connectors.runtime.clock import SystemClock, SystemSleeper
from connectors.walk import Listing
from connectors.wire import Aspect
from service.adapters.cipher import Cipher
from service.adapters.redis_store import RedisStore
from service.adapters.vault import RedisVault
from service.cache.codec import encode_listing
from service.cache.frame import unpack
from service.cache.hasher import Hasher
from service.cache.key import Question, Scope, facts_key, proof_key, refusal_key
from service.cache.partition import credential_partition
from service.cache.store import Item

SECRET_KEY = "CANARY-secret-key"
TOKEN = "CANARY-refresh-token"
HEADERS = (("authorization", "Bearer CANARY-access-token"), ("api-key", "CANARY-api-key"))
NODE = NodeId("observable", None, "domain", "acescency.com")


async def test_no_secret_is_in_the_store(machine: Any) -> None:
    """All kinds of entries are written as a caller with canaries; none of them is found again."""
    hasher = Hasher([SECRET_KEY])
    mine = credential_partition(HEADERS, hasher=hasher)
    scope = Scope("acc", "autodesk", (("base_url", "https://api.example"),), 1, mine)
    other = NodeId("observable", None, "domain", "example.com")
    listing = Listing(
        NODE,
        Aspect.RELATIONS,
        Filter(),
        datetime(2026, 1, 1, tzinfo=UTC),
        (Edge(NODE, other, "related_to", directed=False),),
        (NodeFacts(other, "a label" * 20),),
    )
    blob, apart = encode_listing(listing)
    hour = timedelta(hours=1)
    items = [
        Item(facts_key(scope, tenant=None, node=each.node, digest=each.digest, hasher=hasher), body, hour)
        for each, body in apart.items()
    ]
    items += [
        Item(Question(scope, None, str(NODE), Aspect.RELATIONS, Filter()).key(hasher), blob, hour),
        Item(refusal_key(scope, tenant=None, credential=mine, hasher=hasher), b"1", hour),
        Item(proof_key(scope, tenant=None, credential=mine, hasher=hasher), b"1", hour),
    ]
    store = RedisStore(machine.url, clock=SystemClock(), timeout=timedelta(seconds=2))
    vault = RedisVault(machine.url, cipher=Cipher([SECRET_KEY]), clock=SystemClock(), sleeper=SystemSleeper())
    await store.save(items)
    await vault.store("acc", TOKEN)
    async with vault.hold("acc"):
        with machine.client() as client:
            kept = {key: client.get(key) for key in client.scan_iter()}
    await store.close()
    await vault.close()
    assert len(kept) == len(items) + 2
    for key, value in kept.items():
        assert b"acescency" not in key
        assert b"example" not in key
        shown = unpack(value) if value[:1] in (b"\x01", b"\x02", b"\x03") else value
        assert b"CANARY" not in key + value + shown
        assert mine.partition(":")[2].encode() not in key + value + shown
