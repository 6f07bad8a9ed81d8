"""A private folder for one server's socket, and the removal of those whose owner was killed.

The owner of a folder holds a lock on the file `lock` in it, which the kernel gives back however
the owner ends. Whoever gets the lock may therefore remove the folder: nobody lives there any more.
A folder takes its final name only once it is locked, so none is ever seen without an owner.
"""

import fcntl
import os
import shutil
import socket
import stat
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp

# A socket's path is at most 108 bytes on Linux and 104 on macOS, the closing zero included.
# https://man7.org/linux/man-pages/man7/unix.7.html
_LONGEST_PATH = 99
_FALLBACK = "/tmp"  # noqa: S108 - mkdtemp makes a private folder in it, under a name nobody can guess
_STAGING = "relgraph-new-"


class SocketFolder:
    """A folder that only this user may enter, locked by this process until `remove`."""

    def __init__(self, parents: tuple[str, ...] = ()) -> None:
        """Make it in the first of `parents` (the folder for temporary files, then /tmp) that is short enough.

        Folders that killed processes of this user left in any of them are removed first.
        """
        candidates = parents or (gettempdir(), _FALLBACK)
        for parent in dict.fromkeys(candidates):
            _sweep(Path(parent))
        parent = next((p for p in candidates if _fits(p)), candidates[-1])
        staging = Path(mkdtemp(prefix=_STAGING, dir=parent))
        self._lock = _open_lock(staging, os.O_CREAT | os.O_EXCL)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.write(self._lock, str(os.getpid()).encode())
        self.path = staging.rename(staging.with_name(_prefix() + staging.name.removeprefix(_STAGING)))

    @property
    def socket(self) -> Path:
        """Give the path for the socket: less than 100 bytes."""
        return self.path / "s"

    @property
    def log(self) -> Path:
        """Give the path for the server's log."""
        return self.path / "log"

    def remove(self) -> None:
        """Remove the folder and let go of it."""
        _clear(self.path)
        os.close(self._lock)


def _prefix() -> str:
    return f"relgraph-{os.getuid()}-"


def _fits(parent: str) -> bool:
    longest = Path(parent) / f"{_prefix()}12345678" / "s"
    return len(os.fsencode(longest)) <= _LONGEST_PATH


def _open_lock(folder: Path, how: int = 0) -> int:
    return os.open(folder / "lock", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | how, 0o600)


def _sweep(parent: Path) -> None:
    for folder in parent.glob(f"{_prefix()}*"):
        # Others may write in the parent too: what is not ours, or not a plain folder, is left alone.
        with suppress(OSError):
            seen = folder.lstat()
            if stat.S_ISDIR(seen.st_mode) and seen.st_uid == os.getuid():
                _remove_if_left(folder)


def _remove_if_left(folder: Path) -> None:
    try:
        lock = _open_lock(folder)
    except FileNotFoundError:
        # The lock goes last: whoever removed it was killed before the folder went, if it is empty.
        folder.rmdir()
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _end_server(folder / "s")
        _clear(folder)
    finally:
        os.close(lock)


def _end_server(path: Path) -> None:
    """End a server that outlived its owner, as it does where the kernel cannot be asked to end it."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(0.5)
        connection.connect(str(path))
        connection.sendall(b"SHUTDOWN NOSAVE\r\n")
        connection.recv(1)


def _clear(folder: Path) -> None:
    with suppress(OSError):
        for child in folder.iterdir():
            if child.name != "lock":
                child.unlink()
    shutil.rmtree(folder, ignore_errors=True)
