"""Ties a process's life to its parent's, so that SIGKILL of the parent leaves nothing behind."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

# https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the process `parent`, which started it, ends.

    Linux only; elsewhere nothing happens. The kernel watches the thread that started this process,
    which has to be one that lasts: the main thread.
    """
    ask_kernel = lifeline_to(parent)
    if ask_kernel is not None:
        ask_kernel()


def lifeline_to(parent: int) -> Callable[[], None] | None:
    """Give what a child of `parent` does to die with it, or None where the kernel cannot help.

    Fit to be called between fork and exec, where only the forking thread lives and a lock another
    one held stays held: everything is looked up here, and two system calls are left to do.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    getppid, leave, kill = os.getppid, os._exit, int(signal.SIGKILL)

    def ask_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, kill, 0, 0, 0)
        if getppid() != parent:
            # The parent died before the kernel was asked: no signal will come.
            leave(1)

    return ask_kernel
