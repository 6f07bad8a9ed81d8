"""What tests behind proxies share: each proxy in front of the service of the whole run."""

from collections.abc import Iterator

import pytest

from harness.front import NORMALISING, PLAIN, Front, start_haproxy, start_nginx
from harness.process import Process


@pytest.fixture(scope="module")
def nginx(service: Process) -> Iterator[Front]:
    """Run nginx as it comes."""
    with start_nginx(PLAIN, upstream=service.url) as front:
        yield front


@pytest.fixture(scope="module")
def normalising_nginx(service: Process) -> Iterator[Front]:
    """Run an nginx that writes paths anew."""
    with start_nginx(NORMALISING, upstream=service.url) as front:
        yield front


@pytest.fixture(scope="module")
def haproxy(service: Process) -> Iterator[Front]:
    """Run HAProxy as it comes."""
    with start_haproxy(upstream=service.url) as front:
        yield front
