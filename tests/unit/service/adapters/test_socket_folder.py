"""Socket folders are private, short-named, and never outlive their owner for long."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from service.adapters.socket_folder import SocketFolder


@pytest.fixture
def parent() -> Iterator[str]:
    """Give a folder with a short path, unlike pytest's own."""
    with TemporaryDirectory(prefix="rgt-", dir="/tmp") as folder:
        yield folder


def _abandon(folder: SocketFolder) -> Path:
    """Do to the folder what a SIGKILL of its owner does: the lock is gone, all else is there."""
    folder.socket.touch()
    os.close(folder._lock)
    return folder.path


def test_only_its_owner_may_enter(parent: str) -> None:
    """The folder is the user's alone, and gone after `remove`."""
    folder = SocketFolder((parent,))
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert (folder.path / "lock").read_text() == str(os.getpid())
    folder.log.write_text("words")
    folder.remove()
    assert list(Path(parent).iterdir()) == []


def test_a_long_path_is_avoided(parent: str) -> None:
    """Where the first parent's path is too long for a socket the next one is taken."""
    long = Path(parent) / ("x" * 90)
    long.mkdir()
    folder = SocketFolder((str(long), parent))
    assert folder.path.parent == Path(parent)
    assert len(os.fsencode(folder.socket)) < 100
    folder.remove()


def test_what_a_killed_process_left_is_removed_by_the_next(parent: str) -> None:
    """A folder whose lock nobody holds is removed, in whichever parent it lies."""
    long = Path(parent) / ("x" * 90)
    long.mkdir()
    left = _abandon(SocketFolder((parent,)))
    folder = SocketFolder((str(long), parent))
    assert not left.exists()
    assert folder.path.exists()
    folder.remove()


def test_a_living_owner_keeps_its_folder(parent: str) -> None:
    """However many start, none removes the folder of one that runs."""
    folders = [SocketFolder((parent,)) for _ in range(5)]
    assert all(folder.path.exists() for folder in folders)
    for folder in folders:
        folder.remove()
    assert list(Path(parent).iterdir()) == []


def test_a_half_removed_folder_is_removed(parent: str) -> None:
    """An empty folder, whose owner was killed while it removed it, goes as well."""
    left = _abandon(SocketFolder((parent,)))
    for child in left.iterdir():
        child.unlink()
    SocketFolder((parent,)).remove()
    assert not left.exists()


def test_what_is_not_ours_is_left_alone(parent: str) -> None:
    """A link, a file or a folder with something else in it stays, whatever it is called."""
    left = _abandon(SocketFolder((parent,)))
    elsewhere = Path(parent) / "elsewhere"
    left.rename(elsewhere)
    named_like_ours = left.name
    (Path(parent) / named_like_ours).symlink_to(elsewhere)
    (Path(parent) / f"{named_like_ours}-file").touch()
    (Path(parent) / f"{named_like_ours}-other").mkdir()
    (Path(parent) / f"{named_like_ours}-other" / "precious").touch()
    SocketFolder((parent,)).remove()
    assert (elsewhere / "lock").exists()
    assert (Path(parent) / f"{named_like_ours}-file").exists()
    assert (Path(parent) / f"{named_like_ours}-other" / "precious").exists()
