"""A trace in another form has the same calls and the same figures."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from mmesim.errors import OutputError, TraceError, UserError
from mmesim.scenario.traffic.trace.trace import TraceModels, TraceSource, TraceWindow
from mmesim.workload.block import Arrivals
from mmesim.workload.trace import convert
from mmesim.workload.trace.describe.describe import describe
from mmesim.workload.trace.formats import table
from mmesim.workload.trace.whole import WholeTrace
from tests.helpers.files import DATA

COUNTS = TraceSource(file=DATA / "azure2019_20f_60min_with_trigger.csv", format="azure-functions-2019")
CALLS = TraceSource(file=DATA / "azure2021_60rows.csv", format="azure-functions-2021")


def every_call(source: TraceSource) -> list[tuple[float, str, float | None]]:
    trace = WholeTrace(source, 1)
    return [
        (time, trace.name(model), None if part.service is None else float(part.service[row]))
        for part in trace.calls()
        for row, (time, model) in enumerate(zip(part.time.tolist(), part.model.tolist(), strict=True))
    ]


@pytest.mark.parametrize("source", [COUNTS, CALLS], ids=["minute counts", "calls with service times"])
@pytest.mark.parametrize("name", ["out.parquet", "out.csv", "out.csv.gz", "out.csv.zst"])
def test_the_calls_are_the_same_to_the_last_bit(tmp_path: Path, source: TraceSource, name: str) -> None:
    trace = WholeTrace(source, 1)
    count = convert.write(tmp_path / name, trace.calls(), trace.name)
    again = every_call(TraceSource(file=tmp_path / name))
    assert again == every_call(source)
    assert count == len(again)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"window": TraceWindow(start_s=600.0, length_s=1800.0)},
        {"rate": 2.5, "warp": 3.0},
        {"models": TraceModels(top=5)},
        {"models": TraceModels(stripe=5)},
    ],
    ids=str,
)
def test_figures_survive_the_round_trip(tmp_path: Path, changes: dict[str, object]) -> None:
    source = COUNTS.model_copy(update=changes)
    trace = WholeTrace(source, 1)
    before = describe(source.file, trace.calls(), trace.span_s).as_dict()
    convert.write(tmp_path / "out.csv.gz", trace.calls(), trace.name)
    after = describe(
        source.file, WholeTrace(TraceSource(file=tmp_path / "out.csv.gz"), 1).calls(), trace.span_s
    ).as_dict()
    assert after == before


def test_the_names_of_a_mapping() -> None:
    top = {name for _, name, _ in every_call(COUNTS.model_copy(update={"models": TraceModels(top=5)}))}
    assert len(top) == 5
    assert top < {name for _, name, _ in every_call(COUNTS)}
    hashed = {name for _, name, _ in every_call(COUNTS.model_copy(update={"models": TraceModels(hash=3)}))}
    assert hashed == {"model-000", "model-001", "model-002"}


def test_a_name_of_a_file_says_the_form(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"out\.txt: a table of calls is written as \.parquet, \.csv"):
        convert.write(tmp_path / "out.txt", iter([]), str)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write to"):
        convert.write(tmp_path / "file" / "out.csv", iter([]), str)


def test_nothing_is_left_where_reading_fails(tmp_path: Path) -> None:
    def calls():
        yield Arrivals(np.array([1.0]), np.array([0]), None)
        raise TraceError("x:3: wrong")

    with pytest.raises(TraceError, match="wrong"):
        convert.write(tmp_path / "out.csv", calls(), str)
    assert list(tmp_path.iterdir()) == []


def test_a_trace_without_calls_has_a_header(tmp_path: Path) -> None:
    assert convert.write(tmp_path / "out.csv", iter([]), str) == 0
    assert (tmp_path / "out.csv").read_text() == '"time","model"\n'


def test_a_trace_larger_than_memory_is_read_mapped_multiplied_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Arrow reads some 30 pieces ahead: small ones, so that a small file is beyond them.
    monkeypatch.setattr(table, "READ_BYTES", 32 * 1024)

    def peak(rows: int) -> int:
        file = tmp_path / f"{rows}.csv"
        with file.open("w") as text:
            text.write("time,model\n")
            text.writelines(f"{i / 100},m{i * i % 97}\n" for i in range(rows))
        source = TraceSource(file=file, rate=2.0, models=TraceModels(hash=20), max_disorder_s=1.0)
        trace = WholeTrace(source, 1)
        tracemalloc.start()
        arrow = pa.total_allocated_bytes()
        most = 0

        def watched():
            nonlocal most
            for part in trace.calls():
                most = max(most, pa.total_allocated_bytes() - arrow)
                yield part

        assert convert.write(tmp_path / "out.csv", watched(), trace.name) == 2 * rows
        _, python = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return python + most

    # 600,000 rows twice would be 20 MB of columns.
    small, large = peak(200_000), peak(600_000)
    assert large < 1.3 * small
