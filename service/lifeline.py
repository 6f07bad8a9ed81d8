"""Ties a process's life to its parent's, so that SIGKILL of the parent leaves nothing behind."""

import ctypes
import os
import signal
import sys

# https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the process `parent`, which started it, ends.

    Linux only; elsewhere nothing happens. The kernel watches the thread that started this process,
    which has to be one that lasts: the main thread.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # The parent may have ended before the kernel was asked to watch it.
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
