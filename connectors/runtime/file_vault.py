"""The vault in one file, shared by the processes of one machine."""

import asyncio
import fcntl
import logging
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from connectors.errors import StoreUnavailableError
from connectors.ports import Sleeper

_log = logging.getLogger(__name__)
_POLL = timedelta(milliseconds=25)


class Cipher(Protocol):
    """Makes a text unreadable for whoever has the file but not the key."""

    def encrypt(self, text: str) -> str:
        """Give the text enciphered, as ASCII."""
        ...

    def decrypt(self, text: str) -> str:
        """Give back what `encrypt` was given; ValueError when no key opens it."""
        ...


class FileVault:
    """The Vault port over a `token_file`.

    One file is one login: the name plays no part, so two sources may share a file if they share
    the configured refresh token, and must not otherwise.
    """

    def __init__(self, path: Path, *, cipher: Cipher, sleeper: Sleeper) -> None:
        """Keep the token in `path` and the lock beside it; both come into being when needed."""
        self._path = path
        self._lock_path = path.with_name(f"{path.name}.lock")
        self._cipher = cipher
        self._sleeper = sleeper

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[None]:  # noqa: ARG002 - the port's; see the class
        """Hold the lock file's flock, which the kernel gives back whatever becomes of the process.

        It is asked for again and again instead of once in a thread: a blocked thread outlives the
        caller who gave up, takes the lock for nobody, and keeps the process from ending.
        """
        try:
            lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailableError("the token file cannot be locked") from error
        try:
            await self._lock(lock)
            yield
        finally:
            os.close(lock)

    async def _lock(self, lock: int) -> None:
        try:
            while not _locked(lock):
                await self._sleeper.sleep(_POLL)
        except OSError as error:
            # Some network file systems have no locks, or none left.
            raise StoreUnavailableError("the token file cannot be locked") from error

    async def load(self, name: str) -> str | None:  # noqa: ARG002 - the port's; see the class
        """Give the token, or None where there is none that our keys open."""
        try:
            text = await asyncio.to_thread(self._path.read_text, "ascii")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreUnavailableError("the token file cannot be read") from error
        except UnicodeDecodeError:
            text = ""
        try:
            return self._cipher.decrypt(text)
        except ValueError:
            _log.warning("the token file opens with none of the secret keys and is ignored")
            return None

    async def store(self, name: str, token: str) -> None:  # noqa: ARG002 - the port's; see the class
        """Replace the file as a whole; on the disk when this returns, even to a cancelled caller."""
        text = self._cipher.encrypt(token)
        writing = asyncio.create_task(asyncio.to_thread(_replace, self._path, text))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            # Who holds the vault lets go only after the write, or another would read the old token.
            await asyncio.wait({writing})
            raise
        except OSError as error:
            raise StoreUnavailableError("the token file cannot be written") from error


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _replace(path: Path, text: str) -> None:
    # mkstemp gives a file of mode 0600.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
