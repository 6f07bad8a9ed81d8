"""One script on a server of its own: in order, in batches, and never waited for too long."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.runtime.clock import SystemClock
from service.adapters.redis_scripts import Scripts

# Each run takes the server so long, however fast it is, that ten thousand take longer than the time limit
# and a batch of one thousand no more than a sixth of it: a busy machine has the rest.
_LIMIT = timedelta(seconds=1)
_SCRIPT = """
local begun = os.clock()
while os.clock() - begun < 0.00015 do end
return {redis.call('INCR', KEYS[1])}
"""


@pytest.fixture
async def scripts(machine: Any) -> AsyncIterator[Scripts]:
    """Give the script on a machine of the test's own."""
    running = Scripts(machine.url, _SCRIPT, user="test", clock=SystemClock(), timeout=_LIMIT)
    await running.start()
    yield running
    await running.close()


async def test_a_burst_is_no_outage(scripts: Scripts) -> None:
    """However many runs are asked for at once, the server has its time for each batch of them."""
    runs = [scripts.run(["count"], []) for _ in range(10_000)]
    assert [await run for run in runs] == [[number] for number in range(1, 10_001)]
    assert not scripts.down


async def test_what_fails_gives_nothing_and_is_not_tried_at_once(scripts: Scripts, machine: Any) -> None:
    """Without a server each run gives None, and who looks knows it for a while."""
    assert await scripts.run(["count"], []) == [1]
    machine.stop()
    assert [await scripts.run(["count"], []), await scripts.run(["count"], [])] == [None, None]
    assert scripts.down
