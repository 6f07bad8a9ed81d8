"""Makes a store cold the way an operator does: everything that a source has told is purged.

What the store holds beside that stays: scripts, the governor's numbers, leases. An answer after it is a
cold one of a service that has been running, not the first one of a service whose store was lost.
"""

import asyncio
from datetime import timedelta
from pathlib import Path

from service.adapters.redis_keyspace import RedisKeyspace
from service.cache.hasher import Hasher
from service.cache.pick import Pick
from service.settings import load_settings
from service.usecases.purge import sweep

_PATIENCE = timedelta(seconds=10)


def forget(config: Path) -> None:
    """Purge what every source of these settings has told."""
    asyncio.run(_forget(config))


async def _forget(config: Path) -> None:
    settings = load_settings(config, environ={})
    hasher = Hasher([key.get_secret_value() for key in settings.secret_keys])
    keyspace = RedisKeyspace(settings.redis_url, timeout=_PATIENCE)
    try:
        await sweep(keyspace, [(Pick(source=name), hasher) for name in settings.sources])
    finally:
        await keyspace.close()
