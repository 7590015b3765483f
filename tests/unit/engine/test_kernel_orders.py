"""The tree of minima over the hosts, and the hint to the processor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mmesim.engine.kernel import heap
from mmesim.engine.kernel.prefetch import prefetch

first_host, update_ends = (getattr(f, "py_func", f) for f in (heap.first_host, heap.update_ends))


@pytest.mark.parametrize("leaves", [2, 4, 8, 32])
def test_the_tree_names_the_lowest_row_of_those_that_end_first(leaves):
    rng = np.random.default_rng(leaves)
    ends = np.full(2 * leaves, np.inf)
    assert first_host(ends) == 0  # nothing runs anywhere
    for _ in range(300):
        host = int(rng.integers(leaves))
        ends[leaves + host] = rng.choice([1.0, 2.0, 3.0, np.inf])  # many ties
        update_ends(ends, host)
        leaf_times = ends[leaves:]
        assert ends[1] == leaf_times.min()
        assert first_host(ends) == int(leaf_times.argmin())


def test_plain_python_ignores_the_hint():
    code = (
        "from mmesim.engine.kernel.prefetch import prefetch; import numpy as np; "
        "assert prefetch.__name__ == '_nothing'; assert prefetch(np.zeros(3), 99, 0) is None"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_hint_compiles_to_a_prefetch_and_changes_nothing():
    numba = pytest.importorskip("numba")
    if numba.config.DISABLE_JIT:
        pytest.skip("about the compiled kernel")

    @numba.njit
    def touched(table, row):
        prefetch(table, row, 0)
        prefetch(table, row, 1)
        return table.x[row]

    table = np.zeros(5, np.dtype([("x", np.int64), ("y", np.int64, 15)]))
    table["x"] = np.arange(5)
    before = table.copy()
    assert touched(table, 3) == 3
    assert np.array_equal(table, before)
    (assembly,) = touched.inspect_asm().values()
    assert assembly.count("prefetch") >= 2
