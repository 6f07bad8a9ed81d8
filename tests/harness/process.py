"""A child process that says on stdout or stderr when it listens, and is ended with its test."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

_START_SECONDS = 30


class Process:
    """One running child; `url` is what it announced, `output` all it has written."""

    def __init__(self, command: Sequence[str], *, environment: dict[str, str] | None = None) -> None:
        """Start it and wait until it has announced its URL; RuntimeError with its output if it ends first."""
        self._lines: list[str] = []
        self._listening = threading.Event()
        self.url = ""
        # pytest's children are told the name of their test, which may hold what they must not show.
        own = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        self.popen = subprocess.Popen(  # noqa: S603 - our own commands
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=own | (environment or {}),
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._listening.wait(_START_SECONDS) or not self.url:
            self.end(signal.SIGKILL)
            raise RuntimeError(f"did not start: {self.output}")

    @property
    def output(self) -> str:
        """Give everything written so far."""
        return "".join(self._lines)

    def end(self, how: signal.Signals = signal.SIGTERM, *, within: float = 15) -> int:
        """End it and give its exit code; it is killed when it takes too long."""
        if self.popen.poll() is None:
            self.popen.send_signal(how)
        try:
            return self.popen.wait(within)
        except subprocess.TimeoutExpired:
            os.killpg(self.popen.pid, signal.SIGKILL)
            return self.popen.wait()
        finally:
            self._reader.join(5)
            if self.popen.stdout is not None:
                self.popen.stdout.close()

    def _read(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self._lines.append(line)
            if match := re.search(r"listening on (http://\S+)", line):
                self.url = match[1]
                self._listening.set()
        self._listening.set()


def start_sandbox(upstream: str, *arguments: str) -> Process:
    """Start one sandbox upstream on a free port."""
    return Process(
        [sys.executable, "-m", "connectors.sandbox", "--upstream", upstream, "--port", "0", *arguments]
    )


def start_service(config: Path, *arguments: str, environment: dict[str, str] | None = None) -> Process:
    """Start the service on a free port with this settings file."""
    relgraph = str(Path(sys.executable).with_name("relgraph"))
    command = [relgraph, "serve", "--config", str(config), "--port", "0", *arguments]
    return Process(command, environment=environment)
