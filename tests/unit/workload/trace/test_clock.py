"""Times since 1970 with a fraction: a column at once, as one by one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmesim.workload.trace.formats import clock
from mmesim.workload.trace.formats.clock import UNIT_NS, Clock
from mmesim.workload.trace.formats.table import Chunk

MONTH_NS = 30 * 86_400 * 10**9
"""Short enough that a float of nanoseconds is exact."""
ONE, TWO = 1_700_000_000.125, 1_700_000_001.5


class Somewhere:
    """Where the rows are, for messages."""

    def place(self, row: int) -> str:
        """A row."""
        return f"row {row}"


def read(cells: list[Any]) -> list[float]:
    """Seconds of a column of timestamps, from the first on."""
    chunk = Chunk(Somewhere(), 0, pa.record_batch([pa.array(cells)], names=["time"]))
    return [float(time) for time in Clock("timestamp", None, from_first=True).column(chunk, "time")]


@settings(max_examples=25)
@given(
    st.integers(10**18, 2 * 10**18),
    st.lists(st.integers(0, MONTH_NS), min_size=1, max_size=4),
    st.sampled_from(["s", "ms", "us", "ns"]),
    st.booleans(),
)
def test_numbers_since_1970_lose_no_digit_in_any_unit(first: int, after: list[int], unit: Any, spaced: bool) -> None:
    cells = [f"{' ' * spaced}{Decimal(first + ns) / UNIT_NS[unit]:f}" for ns in after]
    assert read(cells) == [(ns - after[0]) / 10**9 for ns in after]


@pytest.mark.parametrize("cells", [[str(ONE), str(TWO)], [ONE, TWO], [1e9 * ONE, 1e9 * TWO]])
def test_they_are_read_all_at_once(monkeypatch: pytest.MonkeyPatch, cells: list[Any]) -> None:
    monkeypatch.setattr(clock, "_other", None)
    assert read(cells) == [0.0, 1.375]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1700000000.12345678949", "1700000001"], 0.876543211),
        (["1700000000.5", "1700000001500"], 1.0),
        (["1.7e9", "1700000000.25"], 0.25),
    ],
)
def test_odd_ones_lose_none_either(cells: list[str], expected: float) -> None:
    assert read(cells)[1] == pytest.approx(expected, abs=1e-12)
