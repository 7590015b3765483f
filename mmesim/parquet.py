"""Parquet files that are read a part at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq

READ_BYTES = 1 << 20
"""Bytes of a column that are read at once."""


def parts(file: Path, dictionaries: Sequence[str] = ()) -> pq.ParquetFile:
    """The file, open; what `iter_batches` takes of memory does not grow with its length.

    `dictionaries`: columns of text that come as numbers with their names. Arrow would fetch all columns ahead, and keep
    what it fetched until the end (arrow.apache.org, ParquetFile, `pre_buffer`). Raises OSError and ArrowInvalid.
    """
    # A colon in a relative path would make an address of it for Arrow.
    return pq.ParquetFile(file.absolute(), read_dictionary=list(dictionaries), pre_buffer=False, buffer_size=READ_BYTES)
