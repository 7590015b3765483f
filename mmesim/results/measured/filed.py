"""Recorded calls in temporary files instead of in memory."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import tempfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmesim.results.measured.run_data import CallRecords

LARGE_BYTES = 1 << 20
"""Size from which records are worth a file."""


def is_large(records: CallRecords) -> bool:
    """Whether they are many and in memory."""
    return _file(records) is None and sum(one.nbytes for one in records.columns().values()) >= LARGE_BYTES


def filed(records: CallRecords) -> CallRecords:
    """The same calls, from a file that is read where it is needed.

    The file has no name: it goes with the last array that shows it, however the process ends. Where there is no room
    for it the records stay in memory.
    """
    columns = records.columns()
    try:
        with tempfile.TemporaryFile() as file:
            for column in columns.values():
                file.write(np.ascontiguousarray(column).data)
            file.flush()
            shown = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError:
        return records
    moved: dict[str, NDArray[Any]] = {}
    place = 0
    for name, column in columns.items():
        moved[name] = np.frombuffer(shown, column.dtype, column.size, place).reshape(column.shape)
        place += column.nbytes
    return records.with_columns(moved)


def let_go(records: CallRecords) -> None:
    """Keep nothing of the file in memory until it is read again."""
    file = _file(records)
    if file is not None and hasattr(mmap, "MADV_DONTNEED"):
        file.madvise(mmap.MADV_DONTNEED)


def give_back() -> None:
    """Give memory that is free back to the system; the C library of Linux would keep what lies between used memory."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _file(records: CallRecords) -> mmap.mmap | None:
    """The file that the records are shown from; None for those in memory."""
    owner: object = records.call
    while isinstance(owner, np.ndarray | memoryview):
        owner = owner.base if isinstance(owner, np.ndarray) else owner.obj
    return owner if isinstance(owner, mmap.mmap) else None
