"""The tree of minima over the hosts, and the hint to the processor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mmesim.engine.kernel import heap, jit
from mmesim.engine.kernel.jit import plain
from mmesim.engine.kernel.prefetch import prefetch
from mmesim.engine.kernel.tables import _minima
from tests.helpers.tables import compiled, small_tables

update_ends = plain(heap.update_ends)


@pytest.mark.parametrize("leaves", [2, 4, 8, 32])
def test_the_tree_names_the_lowest_row_of_those_that_end_first(leaves):
    rng = np.random.default_rng(leaves)
    ends, firsts = _minima(np.full(leaves, np.inf))
    assert firsts[1] == 0  # nothing runs anywhere
    for _ in range(300):
        host = int(rng.integers(leaves))
        ends[leaves + host] = rng.choice([1.0, 2.0, 3.0, np.inf])  # many ties
        update_ends(ends, firsts, host)
        leaf_times = ends[leaves:]
        assert ends[1] == leaf_times.min()
        assert firsts[1] == int(leaf_times.argmin())
        again, its_firsts = _minima(leaf_times)  # as when hosts are added
        assert np.array_equal(again[1:], ends[1:])
        assert np.array_equal(its_firsts[1:], firsts[1:])


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


@compiled
def test_the_hint_compiles_to_a_prefetch_and_changes_nothing():
    def touched(t, row):
        prefetch(t.pools, row, 0)
        prefetch(t.model_hist, row, 128)
        return t.pools.host[row]

    tables = small_tables()
    tables.views.pools.host[3] = 7
    before = {name: array.copy() for name, array in tables.arrays._asdict().items()}
    function = jit.whole(touched)
    assert jit.bind(function, int)(tables.address, 3) == 7
    assert all(np.array_equal(array, before[name]) for name, array in tables.arrays._asdict().items())
    (assembly,) = function.inspect_asm().values()
    assert assembly.count("prefetch") >= 2
