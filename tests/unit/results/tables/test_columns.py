"""Columns are what pyarrow itself makes of the same values."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from mmesim.results.tables.columns import column, named, texts

KINDS = (np.int32, np.int64, np.float32, np.float64, np.bool_)
VALUES = st.sampled_from(KINDS).flatmap(lambda kind: arrays(kind, st.integers(0, 40)))


@given(VALUES, st.data())
def test_numbers_and_flags(values: NDArray[Any], data: st.DataObject) -> None:
    missing = data.draw(arrays(np.bool_, len(values)))
    for mask in (None, missing, np.zeros(len(values), dtype=np.bool_)):
        made = column(values, mask)
        made.validate(full=True)
        assert repr(made.to_pylist()) == repr(pa.array(values, mask=mask).to_pylist())
        assert made.type == pa.array(values).type
        assert made.null_count == (0 if mask is None else mask.sum())


def test_every_second_number() -> None:
    assert column(np.arange(10)[::2]).to_pylist() == [0, 2, 4, 6, 8]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=20))
def test_texts(values: list[str]) -> None:
    made = texts(values)
    made.validate(full=True)
    assert made.equals(pa.array(values, pa.string()))


def test_names_by_number() -> None:
    made = named(np.array([1, -1, 0, 1]), ["a", "ö"])
    made.validate(full=True)
    assert made.to_pylist() == ["ö", None, "a", "ö"]


@pytest.mark.parametrize("made", ["column(numpy.zeros(3))", "texts(['a'])", "named(numpy.zeros(2, int), ['a'])"])
def test_nothing_imports_pandas(made: str) -> None:
    code = f"import sys, numpy; from mmesim.results.tables.columns import *; {made}; print('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout.split() == [b"False"]
