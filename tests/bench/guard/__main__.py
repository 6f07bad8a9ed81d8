"""Compare with what this tree is a change of: `python -m bench.guard`; 1 if an answer takes 5 % more.

Both trees make the same answers in the same run, under valgrind, which counts instructions. What
starting takes is taken away: counted is the difference between many answers and few.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

_TREE = Path(__file__).parents[3]
_PROGRAM = Path(__file__).with_name("answer.py")
_FEW, _MANY = 1, 4
_MOST = 1.05


def main() -> int:
    """Print both figures and their ratio; 0 where there is nothing to compare with, and say so."""
    if shutil.which("valgrind") is None:
        _say("guard: not counted: valgrind is not installed (on Debian: apt-get install valgrind)")
        return 0
    base = _base()
    if base is None:
        _say("guard: not compared: this tree has no history")
        return 0
    with TemporaryDirectory() as folder:
        _unpack(base, Path(folder))
        before = _instructions(Path(folder))
    after = _instructions(_TREE)
    if after is None:
        _say("guard: this tree does not make the answers")
        return 1
    if before is None:
        _say(f"guard: {after:,} instructions an answer; {base[:12]} cannot be asked in the same way")
        return 0
    _say(f"guard: {after:,} instructions an answer, {before:,} at {base[:12]}: {after / before:.3f} x")
    return int(after > _MOST * before)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _unpack(commit: str, folder: Path) -> None:
    archive = folder / "tree.tar"
    _git("archive", "--output", str(archive), commit)
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")


def _base() -> str | None:
    """Give the commit this tree has left the main line at; its parent, if it is the main line itself."""
    head = _git("rev-parse", "HEAD")
    forked = _git("merge-base", "HEAD", "origin/main")
    changed = _git("status", "--porcelain", "--", "connectors", "service")
    if forked is None or (forked == head and not changed):
        return _git("rev-parse", "HEAD^")
    return forked


def _git(*words: str) -> str | None:
    command = [shutil.which("git") or "git", *words]
    ran = subprocess.run(command, cwd=_TREE, check=False, capture_output=True, text=True)  # noqa: S603 - our own words
    return ran.stdout.strip() if ran.returncode == 0 else None


def _instructions(tree: Path) -> int | None:
    # The first run in a tree compiles it, which is no part of an answer.
    if _run([], tree, answers=_FEW).returncode != 0:
        return None
    counts = [_count(tree, answers) for answers in (_FEW, _MANY)]
    if counts[0] is None or counts[1] is None:
        return None
    return (counts[1] - counts[0]) // (_MANY - _FEW)


def _count(tree: Path, answers: int) -> int | None:
    ran = _run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"], tree, answers=answers)
    collected = re.search(r"Collected : (\d+)", ran.stderr)
    return int(collected[1]) if ran.returncode == 0 and collected else None


def _run(counter: list[str], tree: Path, *, answers: int) -> subprocess.CompletedProcess[str]:
    # Texts are hashed alike each time, or dictionaries are of another shape; the program is this tree's.
    environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": str(tree)}
    return subprocess.run(  # noqa: S603 - our own program
        [*counter, sys.executable, str(_PROGRAM), str(answers)],
        cwd=tree,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )


if __name__ == "__main__":
    sys.exit(main())
