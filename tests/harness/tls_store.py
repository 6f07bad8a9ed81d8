"""A store server that speaks TLS alone, to one user of a list, and a certificate made for the day."""

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from subprocess import DEVNULL, Popen
from time import monotonic, sleep

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.runtime.clock import SystemClock

_PATIENCE = 10.0
_A_DAY = timedelta(days=1)
USER, PASSWORD = "ann", "p%/w"


@contextmanager
def run_tls_store(folder: Path) -> Iterator[tuple[str, Path] | None]:
    """Run one with `folder` for its files; gives host and port, and the certificate to trust.

    None where no server of this machine speaks TLS.
    """
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    _make_certificate(certificate, key=key)
    for name in ("redis-server", "valkey-server"):
        port = _free_port()
        settings = _write_settings(folder, port, certificate, key)
        if (binary := shutil.which(name)) is None:
            continue
        process = Popen([binary, settings], stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)  # noqa: S603 - the machine's own
        try:
            if _listens(port, process):
                yield f"localhost:{port}", certificate
                return
        finally:
            process.kill()
            process.wait()
    yield None


def _write_settings(folder: Path, port: int, certificate: Path, key: Path) -> Path:
    settings = folder / "server.conf"
    settings.write_text(
        f"""
        port 0
        tls-port {port}
        tls-cert-file {certificate}
        tls-key-file {key}
        tls-auth-clients no
        bind 127.0.0.1
        save ""
        dir {folder}
        user default off
        user {USER} on >{PASSWORD} ~* &* +@all
        """
    )
    return settings


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _listens(port: int, process: Popen[bytes]) -> bool:
    """Wait until it does; False if it has ended instead, as one does that knows no TLS."""
    end = monotonic() + _PATIENCE
    while process.poll() is None and monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        sleep(0.01)
    return False


def _make_certificate(place: Path, *, key: Path) -> None:
    """Write a certificate for localhost that is its own authority, and its key."""
    secret = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), SystemClock().now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _A_DAY)
        .not_valid_after(now + _A_DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(secret, hashes.SHA256())
    )
    place.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        secret.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
