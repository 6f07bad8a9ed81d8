"""Keeps the memory that one answer was made in at hand for the next.

The JSON of an answer is a few large blocks. As it comes, the C library gives such blocks back to the kernel
when they are let go of, and the next answer is handed the same memory anew, page by page, each wiped first:
some six hundred pages where it has 1 300 edges.
"""

import ctypes
import sys

# https://man7.org/linux/man-pages/man3/mallopt.3.html
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
# Bytes. Larger blocks, those of a huge answer, go back at once; of all others together as much stays.
_LARGEST_KEPT = 4 * 1024 * 1024
_MOST_KEPT = 16 * 1024 * 1024


def keep_freed() -> bool:
    """Have this process keep what it lets go of, up to a bound; False where that cannot be asked for."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT) and mallopt(_M_TRIM_THRESHOLD, _MOST_KEPT))
