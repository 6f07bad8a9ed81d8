"""A contender that is asked line by line, and answers each with a line."""

import subprocess
import sys

from bench.pinning import SERVING, on


class Asked:
    """A child process that takes addresses on stdin; its module is in `bench.contenders`."""

    def __init__(self, contender: str, *arguments: str) -> None:
        """Start it on the serving core."""
        with on(SERVING):
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", f"bench.contenders.{contender}", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )

    def seconds(self, node: str) -> float:
        """Have it answer, and give the seconds that it says it took."""
        return float(self._say(node).split()[0])

    def body(self, node: str) -> bytes:
        """Have it answer, and give the answer."""
        return self._say(f"?{node}").rstrip("\n").encode()

    def close(self) -> None:
        """Let it end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def _say(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        told = self._process.stdout.readline()
        if not told:
            raise RuntimeError("the contender ended")
        return told
