"""One Redis client from one URL, and which of its errors mean what."""

from datetime import timedelta
from urllib.parse import urlsplit

from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError

from connectors.errors import ConfigurationError
from service.settings.store_url import CLUSTER, check_store_url

Client = Redis | RedisCluster

# Everything the client raises when the server cannot be reached, hangs or talks nonsense. The
# cluster client's own root is no RedisError.
TROUBLE = (RedisError, RedisClusterException, OSError, TimeoutError)


def open_client(url: str, *, timeout: timedelta, connections: int, bounds_each: bool = False) -> Client:
    """Make a client that connects when first used; ConfigurationError for a URL it cannot take.

    `timeout` bounds connecting, and if it `bounds_each`, each write and read. Who bounds whole operations
    leaves that: the client writes under `asyncio.wait_for` then, by which before Python 3.12 a
    cancellation is lost that comes as the write ends, and who was to stop goes on for ever.
    https://github.com/python/cpython/issues/86296
    No more than `connections` are open to one server.
    A dropped connection is tried once more at once: every command sent here may be sent twice.
    RESP 2 is enough for all of them and saves the handshake that RESP 3 begins with.
    """
    seconds = timeout.total_seconds()
    each = seconds if bounds_each else None
    retry = Retry(NoBackoff(), 1)
    try:
        check_store_url(url)
        if urlsplit(url).scheme == CLUSTER:
            return RedisCluster.from_url(
                "redis" + url[len(CLUSTER) :],
                socket_timeout=each,
                socket_connect_timeout=seconds,
                max_connections=connections,
                retry=retry,
                protocol=2,
            )
        pool = BlockingConnectionPool.from_url(
            url,
            socket_timeout=each,
            socket_connect_timeout=seconds,
            max_connections=connections,
            timeout=seconds,
            retry=retry,
            protocol=2,
            # A new connection says nothing of which library it is of: two replies to wait for.
            driver_info=None,
        )
        return Redis.from_pool(pool)
    except (ValueError, RedisError, RedisClusterException) as error:
        # The URL may hold a password: the client's own words would repeat it.
        raise ConfigurationError(
            [f"redis_url: not a URL that can be read ({type(error).__name__})"]
        ) from None
