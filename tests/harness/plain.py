"""HTTP clients for this machine, where nothing is encrypted."""

import ssl
from typing import Any

import httpx

# Reading every certificate the machine trusts takes 20 to 40 ms for each client.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
# For whoever wants a new connection for each request: nothing stays open in it, since services come and go.
EACH_ANEW = httpx.Client(timeout=30, limits=httpx.Limits(max_keepalive_connections=0), verify=NO_CERTIFICATES)


def client_of(url: str, *, timeout: float = 30, **more: Any) -> httpx.Client:
    """Make a client of one service; whoever asks for it closes it."""
    return httpx.Client(base_url=url, timeout=timeout, verify=NO_CERTIFICATES, **more)
