"""What every test stands on: traffic goes to this machine only, and no example has a time to be made in."""

import gc

import pytest
from hypothesis import HealthCheck, settings
from pytest_socket import socket_allow_hosts

# How long an example takes, to be made or to be tried, is a matter of what else the machine does; and a
# run tries those of the run before. `--hypothesis-profile=anew` tries others.
_UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("anew", _UNHURRIED)
settings.register_profile("house", _UNHURRIED, derandomize=True)
settings.load_profile("house")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep what thousands of tests are made of out of every collection to come."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    """Fail a test that opens a connection to anything but loopback."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
