"""Parquet files are read a part at a time."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mmesim.parquet import parts


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    groups, rows = 40, 50_000
    file = tmp_path / "calls.parquet"
    table = pa.table({"time": np.random.default_rng(1).random(groups * rows)})
    pq.write_table(table, file, row_group_size=rows)
    del table
    before, most, read = pa.total_allocated_bytes(), 0, 0
    with parts(file) as opened:
        for batch in opened.iter_batches(batch_size=rows):
            read += batch.num_rows
            most = max(most, pa.total_allocated_bytes() - before)
    assert read == groups * rows
    assert most < 8 * 8 * rows  # eight groups of doubles, of forty
