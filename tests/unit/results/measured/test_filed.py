"""Recorded calls in a temporary file: the same values, and nothing that is left behind."""

from __future__ import annotations

import errno
import os
import pickle
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmesim.results.measured.filed import LARGE_BYTES, filed, is_large, let_go
from mmesim.results.measured.run_data import CallRecords
from tests.unit.results.synthetic import Call, run_data, scenario

ENOUGH = LARGE_BYTES // 100


def recorded(calls: int) -> CallRecords:
    records = run_data(scenario(), [Call(0.1), Call(0.2, cause="queue_full")] * (calls // 2)).records
    assert records is not None
    return records


def same(one: CallRecords, other: CallRecords) -> bool:
    return one.threshold == other.threshold and all(
        np.array_equal(column, other.columns()[name]) and column.dtype == other.columns()[name].dtype
        for name, column in one.columns().items()
    )


def test_they_are_the_same_and_can_be_sampled_and_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = recorded(ENOUGH)
    assert is_large(before)
    after = filed(before)
    assert not is_large(after)
    assert same(before, after)
    let_go(after)
    assert same(before, after)
    assert same(before.below(before.threshold // 2), after.below(before.threshold // 2))
    assert same(before, pickle.loads(pickle.dumps(after)))
    assert list(tmp_path.iterdir()) == []  # a file without a name goes with the process


def test_few_stay_in_memory() -> None:
    assert not is_large(recorded(100))
    let_go(recorded(100))


def test_without_room_they_stay_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **named: Any) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    before = recorded(ENOUGH)
    assert filed(before) is before


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="Linux says which files are open")
def test_a_file_is_closed_when_the_records_go() -> None:
    def maps() -> int:
        return Path("/proc/self/maps").read_text(encoding="utf-8").count("(deleted)")

    before, files = maps(), len(list(Path("/proc/self/fd").iterdir()))
    after = filed(recorded(ENOUGH))
    assert maps() > before
    del after
    assert maps() == before
    assert len(list(Path("/proc/self/fd").iterdir())) == files
