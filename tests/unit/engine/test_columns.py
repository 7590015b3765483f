"""The columns of the kernel's tables: each has a unit and a meaning, and holds what its unit says at first."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from mmesim.engine.kernel import columns, tables
from mmesim.engine.kernel.codes import INF, NONE

KERNEL = Path(tables.__file__).parent


@pytest.mark.parametrize("name", tables.LAYOUTS)
def test_every_column_has_a_name_of_its_own_and_a_meaning(name):
    layout = tables.LAYOUTS[name]
    names = [column.name for column in layout.columns]
    assert len(set(names)) == len(names) > 0
    assert all(len(column.meaning) > 2 for column in layout.columns)
    assert layout.dtype.names == tuple(names)


def test_a_row_that_is_used_at_random_fills_whole_lines_of_the_cache():
    for name in ("hosts", "models", "pools", "workers"):
        table = tables.LAYOUTS[name].rows(5)
        assert table.itemsize % columns.LINE == 0
        assert table.ctypes.data % columns.LINE == 0
    assert tables.LAYOUTS["timers"].dtype.itemsize == 8 * len(tables.LAYOUTS["timers"].columns)


def test_links_begin_with_none_and_deadlines_with_never():
    pools = tables.LAYOUTS["pools"].rows(3)
    assert (pools["next_copy"] == NONE).all()
    assert (pools["t0"] == INF).all()
    assert (pools["in_flight"] == 0).all()
    assert pools["in_flight"].dtype == np.int64
    assert pools["last"].dtype == np.float64


def test_python_and_the_kernel_name_the_same_memory():
    layout = tables.LAYOUTS["clock"]
    array = layout.rows(1)
    (record,) = tables._views_of("clock", array)
    record.now = 2.5
    record.seq += 7
    assert (array["now"][0], array["seq"][0], record.seq) == (2.5, 7, 7)
    with pytest.raises(AttributeError):
        record.unknown = 1
    rows = tables.LAYOUTS["timers"].rows(2)
    view = tables._views_of("timers", rows)
    view.time[1] = 3.0
    view[0] = view[1]
    assert rows["time"].tolist() == [3.0, 3.0]


def test_every_column_is_used():
    code = (
        "\n".join(
            path.read_text()
            for path in KERNEL.parent.rglob("*.py")
            if path.name not in ("rows.py", "scalars.py", "columns.py")
        )
        + (KERNEL.parents[1] / "policies" / "eviction.py").read_text()
    )
    used = set(re.findall(r"(?:\.|[\"'])(\w+)", code))  # as an attribute or by its name in quotes
    assert "in_system" in used
    assert "tasks_a_host_never_has" not in used
    unused = [
        f"{name}.{column.name}"
        for name, layout in tables.LAYOUTS.items()
        for column in layout.columns
        if column.name not in used
    ]
    assert unused == []
