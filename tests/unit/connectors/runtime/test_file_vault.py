"""The vault in a file, within one process and between two."""

import asyncio
import json
import os
import stat
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from connectors.errors import StoreUnavailableError
from connectors.runtime.clock import SystemSleeper
from connectors.runtime.file_vault import FileVault


class Reversing:
    """A cipher that a reader of this test can check by eye; a wrong key is a text without its mark."""

    def encrypt(self, text: str) -> str:
        """Turn it round."""
        return "mark" + text.encode().hex()

    def decrypt(self, text: str) -> str:
        """Turn it back."""
        if not text.startswith("mark"):
            raise ValueError("no key opens it")
        return bytes.fromhex(text.removeprefix("mark")).decode()


def files_beside(path: Path) -> dict[str, tuple[int, str]]:
    """Give mode and text of each file in the folder of `path`."""
    return {
        entry.name: (stat.S_IMODE(entry.stat().st_mode), entry.read_text("ascii"))
        for entry in path.parent.iterdir()
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give where the token is kept."""
    return tmp_path / "token"


@pytest.fixture
def vault(path: Path) -> FileVault:
    """Give a vault in a file that is not there yet."""
    return FileVault(path, cipher=Reversing(), sleeper=SystemSleeper())


async def test_what_is_stored_is_loaded(vault: FileVault, path: Path) -> None:
    """The newest text comes back; the file is its owner's alone, enciphered, and leaves no other."""
    assert await vault.load("acc") is None
    await vault.store("acc", "one")
    await vault.store("acc", "zwei é")
    assert await vault.load("acc") == "zwei é"
    assert files_beside(path) == {"token": (0o600, "mark" + "zwei é".encode().hex())}


@pytest.mark.parametrize("raw", [b"", b"plain", b"\xff\xfe"])
async def test_what_no_key_opens_is_ignored(
    vault: FileVault, path: Path, raw: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A damaged file, or one of another key, is as good as none, and the log says so."""
    await asyncio.to_thread(path.write_bytes, raw)
    assert await vault.load("acc") is None
    assert "none of the secret keys" in caplog.text


async def test_one_holds_at_a_time(vault: FileVault, path: Path) -> None:
    """Two holders in one process exclude each other, as two processes would."""
    other = FileVault(path, cipher=Reversing(), sleeper=SystemSleeper())
    journal: list[str] = []

    async def visit(held: FileVault, name: str) -> None:
        async with held.hold("acc"):
            journal.append(f"{name} in")
            await asyncio.sleep(0.03)
            journal.append(f"{name} out")

    async with asyncio.TaskGroup() as group:
        group.create_task(visit(vault, "a"))
        group.create_task(visit(other, "b"))
    assert journal == ["a in", "a out", "b in", "b out"]


async def test_who_gives_up_waiting_leaves_no_lock_behind(vault: FileVault) -> None:
    """A cancelled waiter neither takes the lock later nor blocks the next."""

    async def visit() -> None:
        async with vault.hold("acc"):
            pass

    async with vault.hold("acc"):
        waiting = asyncio.create_task(visit())
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    await asyncio.wait_for(visit(), 1)


class Unlocking:
    """A sleeper that meanwhile puts something without locks where the waiting lock file was opened."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def sleep(self, wait: timedelta) -> None:
        """Replace the newest handle of the lock file."""
        other = os.open(self.path.parent, os.O_PATH)
        os.dup2(other, _newest_handle(f"{self.path}.lock"))
        os.close(other)


def _newest_handle(path: str) -> int:
    return max(int(each.name) for each in Path("/proc/self/fd").iterdir() if _leads_to(each) == path)


def _leads_to(handle: Path) -> str:
    try:
        return str(handle.readlink())
    except FileNotFoundError:
        return ""


async def test_a_file_that_cannot_be_locked_is_said(vault: FileVault, path: Path) -> None:
    """Where the system has no lock to give, the vault is unavailable, and the port's error says so."""
    async with vault.hold("acc"):
        waiting = FileVault(path, cipher=Reversing(), sleeper=Unlocking(path))
        with pytest.raises(StoreUnavailableError, match="cannot be locked"):
            async with waiting.hold("acc"):
                pass


async def test_what_a_holder_raises_stays_what_it_is(vault: FileVault) -> None:
    """An OSError inside the block is not the vault's."""
    with pytest.raises(ConnectionResetError):
        async with vault.hold("acc"):
            raise ConnectionResetError


async def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    """Without the folder nothing can be locked or stored."""
    vault = FileVault(tmp_path / "gone" / "token", cipher=Reversing(), sleeper=SystemSleeper())
    with pytest.raises(StoreUnavailableError, match="written"):
        await vault.store("acc", "text")
    with pytest.raises(StoreUnavailableError, match="locked"):
        async with vault.hold("acc"):
            pass


async def test_a_path_that_is_no_file_is_said(vault: FileVault, path: Path) -> None:
    """A folder in the file's place can be neither read nor replaced, and nothing is left beside it."""
    await asyncio.to_thread(path.mkdir)
    with pytest.raises(StoreUnavailableError, match="read"):
        await vault.load("acc")
    with pytest.raises(StoreUnavailableError, match="written"):
        await vault.store("acc", "text")
    await asyncio.to_thread(path.rmdir)
    assert files_beside(path) == {}


async def test_a_cancelled_store_is_on_the_disk_before_the_cancellation_goes_on(
    vault: FileVault,
) -> None:
    """Who is stopped while storing lets go of the vault only when the new token is there."""
    storing = asyncio.create_task(vault.store("acc", "new"))
    await asyncio.sleep(0)
    storing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await storing
    assert await vault.load("acc") == "new"


_WORKER = """
import asyncio, sys
from pathlib import Path
from connectors.credential import RefreshCredential
from connectors.runtime.clock import SystemClock, SystemSleeper
from connectors.runtime.file_vault import FileVault
from connectors.runtime.http import open_client
from connectors.runtime.refresh import RefreshGrant
from connectors.runtime.token_endpoint import TokenEndpoint

class Plain:
    def encrypt(self, text): return text
    def decrypt(self, text): return text

async def main(url, path):
    clock = SystemClock()
    vault = FileVault(Path(path), cipher=Plain(), sleeper=SystemSleeper())
    credential = RefreshCredential("acc", url, "app", None, "seed", "")
    async with open_client(concurrency=1) as client:
        endpoint = TokenEndpoint(client, url=url, client_id="app", client_secret=None, clock=clock)
        grant = RefreshGrant(credential, endpoint=endpoint, vault=vault, clock=clock)
        print("ready", flush=True)
        sys.stdin.readline()
        print((await grant.obtain(rejected=None)).value, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_two_processes_refresh_once(upstreams: Any, path: Path) -> None:
    """Two workers that need a token at the same moment use the refresh token once and share the result."""
    spent: list[str] = []

    async def slowly(seen: Any, writer: asyncio.StreamWriter) -> None:
        token = dict(parse_qsl(seen.body.decode()))["refresh_token"]
        refused = token in spent
        spent.append(token)
        await asyncio.sleep(0.1)
        issue = {"access_token": f"a{len(spent)}", "expires_in": 3600, "refresh_token": f"r{len(spent)}"}
        writer.write(upstreams.reply(400 if refused else 200, json.dumps(issue).encode()))

    there = await upstreams.start(slowly)
    workers = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _WORKER,
            there.url,
            str(path),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(2)
    ]
    try:
        async with asyncio.timeout(20):
            for worker in workers:
                assert worker.stdout is not None
                assert await worker.stdout.readline() == b"ready\n"
            async with asyncio.TaskGroup() as group:
                told = [group.create_task(worker.communicate(b"go\n")) for worker in workers]
    finally:
        for worker in workers:
            if worker.returncode is None:
                worker.kill()
                await worker.wait()
    assert [each.result()[0] for each in told] == [b"a1\n", b"a1\n"]
    assert spent == ["seed"]
