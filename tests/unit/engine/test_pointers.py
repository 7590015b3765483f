"""What an expression with the tables means in the compiled kernel: the same as in plain Python."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from numba.core.errors import NumbaError

from mmesim.engine.kernel import jit, tables
from mmesim.engine.kernel.columns import LINE
from tests.helpers.tables import compiled, small_tables

pytestmark = compiled


def both(function, *arguments):
    """What the compiled function answers; plain Python answers the same, and leaves the same in the tables."""
    one, other = small_tables(), small_tables()
    found = jit.bind(jit.whole(function), *map(type, arguments))(one.address, *arguments)
    assert found == function(other.views, *arguments)
    for name, array in one.arrays._asdict().items():
        assert np.array_equal(array, getattr(other.arrays, name)), name
    return found


def test_a_number_is_read_and_written_where_plain_python_has_it():
    def mixed(t, i, x):
        clock, pools, tasks = t.clock[0], t.pools, t.tasks
        clock.seq += i
        clock.now = i  # a whole number becomes a real one
        pools.t0[i] = x
        pools.host[i] = pools.model[i] = 4
        tasks.finish[1, i] = x * 2.0
        tasks.code[2, i] += 3
        t.ends[i] = x + tasks.finish[1, i]
        t.model_hist[i, 1] += 2
        t.model_over[i, 0] = t.model_hist[i, 1] + clock.seq
        t.members[i, 0] = 1
        return pools.t0[i] + t.ends[i] + t.members[i, 0] + t.model_over[i, 0]

    assert both(mixed, 2, 0.25) == 0.25 + 0.75 + 1 + 4


def test_a_row_is_copied_as_a_whole():
    def copied(t, i, j):
        attempts = t.attempts
        attempts.key[i] = 77
        attempts.failed[i] = 1.5
        attempts[j] = attempts[i]
        attempts.gen[j] = 3
        return attempts.key[j] + attempts.failed[j]

    assert both(copied, 5, 6) == 78.5


def test_a_table_knows_its_size():
    def sizes(t):
        return t.timers.time.size + 1000 * t.tasks.finish.shape[1] + 10**6 * t.model_stats.workers.size + t.ends.size

    assert both(sizes) == 256 + 1000 * 128 + 10**6 * 6 + 8


def test_a_table_that_grows_is_found_at_the_same_address():
    def read(t, i):
        return t.pools.host[i]

    grown = small_tables()
    function, address = jit.bind(jit.whole(read), int), grown.address
    grown.views.pools.host[3] = 8
    grown.grow("pools", 5000)
    grown.views.pools.host[4999] = 9
    assert (grown.address, function(address, 3), function(address, 4999)) == (address, 8, 9)


@pytest.mark.parametrize("name", tables.TABLES)
def test_every_table_begins_at_a_cache_line_and_is_in_the_directory(name):
    made = small_tables()
    array = getattr(made.arrays, name)
    place, *sizes = made._directory[tables.TABLES.index(name)].tolist()
    assert place % LINE == 0 or array.size == 0
    assert place == array.ctypes.data
    assert tuple(sizes[: array.ndim]) == array.shape
    assert (array.dtype, array.ndim) == (tables.DTYPES[name], tables.AXES[name])


def test_what_no_table_has_is_an_error_when_it_is_compiled():
    def no_table(t):
        return t.unknown

    def no_column(t):
        return t.pools.unknown[0]

    def no_field(t):
        t.clock[0].unknown = 1

    def too_many_axes(t):
        return t.pools.host[0, 1]

    for function in (no_table, no_column, no_field, too_many_axes):
        with pytest.raises(NumbaError):
            jit.bind(jit.whole(function))


def test_columns_are_told_apart_for_the_compiler():
    def twice(t, i):
        first = t.pools.host[i]
        t.pools.model[i] = first + 1
        return first + t.pools.host[i]  # not read again

    function = jit.whole(twice)
    jit.bind(function, int)
    (text,) = function.inspect_llvm().values()
    assert '!"pools.host"' in text
    tagged = [line.split() for line in text.splitlines() if "!tbaa" in line]
    assert sum("load" in words for words in tagged) == sum("store" in words for words in tagged) > 0


@pytest.mark.skipif(not getattr(numba.config, "BOUNDSCHECK", None), reason="NUMBA_BOUNDSCHECK=1 makes another kernel")
def test_an_index_out_of_bounds_is_an_error_where_that_is_asked_for():
    def read(t, i):
        return t.ends[i]

    function, made = jit.bind(jit.whole(read), int), small_tables()
    for index in (-1, 8):
        with pytest.raises(IndexError):
            function(made.address, index)
