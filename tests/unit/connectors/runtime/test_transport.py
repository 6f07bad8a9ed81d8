"""TLS beneath httpx: whom aiohttp's connections trust is what they were given, by name."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connectors.runtime.clock import SystemClock
from connectors.runtime.transport import AiohttpTransport


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a key and a certificate for `localhost` that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = SystemClock().now()
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
async def port(certificate: Path) -> AsyncIterator[int]:
    """Serve 204 to everybody over TLS, on loopback."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


async def status_of(url: str, tls: ssl.SSLContext) -> int:
    """Ask once, trusting whom `tls` trusts."""
    transport = AiohttpTransport(kept=1, keep_alive_seconds=1, tls=tls)
    async with httpx.AsyncClient(transport=transport) as client:
        return (await client.get(url)).status_code


async def test_a_trusted_certificate_for_this_host_is_taken(port: int, certificate: Path) -> None:
    """Who shows a certificate of the host that is asked for, signed by whom we trust, is asked."""
    tls = ssl.create_default_context(cafile=str(certificate))
    assert await status_of(f"https://localhost:{port}/", tls) == 204


async def test_a_stranger_is_told_nothing(port: int) -> None:
    """A certificate that nobody we trust has signed ends the call before it is sent."""
    with pytest.raises(httpx.ConnectError):
        await status_of(f"https://localhost:{port}/", httpx.create_ssl_context(trust_env=False))


async def test_a_certificate_of_another_host_is_refused(port: int, certificate: Path) -> None:
    """Trust in the signer is not enough: the name has to be the one that was asked for."""
    with pytest.raises(httpx.ConnectError):
        await status_of(f"https://127.0.0.1:{port}/", ssl.create_default_context(cafile=str(certificate)))
