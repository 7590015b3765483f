"""Every format of a trace but the plain table: what is read, in which order, and what is said about a wrong file."""

from __future__ import annotations

import csv
import gzip
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmesim.errors import TraceError, TraceWarning
from mmesim.scenario.traffic.trace.trace import TraceColumns, TraceSource
from mmesim.workload.trace.formats import tally
from mmesim.workload.trace.names import Known, Naming, Numbered
from mmesim.workload.trace.replay.replay import Draws, replayed
from tests.helpers.files import DATA

AZURE_2021 = DATA / "azure2021_60rows.csv"
AZURE_LLM = DATA / "azure_llm2023_conv_200rows.csv"
PATTERN = r'^\S+ \S+ \S+ \[(?P<time>[^\]]+)\] "POST /invocations/(?P<model>\S+)'
CLF = "%d/%b/%Y:%H:%M:%S %z"


def calls(source: TraceSource, naming: Naming | None = None, chunk: int = 1000) -> list[tuple[float, int, float]]:
    """Time, model and service (-1: none) of each call."""
    found: list[tuple[float, int, float]] = []
    for part in replayed(source, naming or Numbered(), Draws(1, 0, "trace"), chunk):
        service = [-1.0] * len(part) if part.service is None else part.service.tolist()
        found += zip(part.time.tolist(), part.model.tolist(), service, strict=True)
    return found


def written(folder: Path, text: str, name: str = "calls.csv") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


# -- Azure Functions 2021


def test_a_call_of_azure_2021_begins_at_its_end_less_its_duration() -> None:
    with AZURE_2021.open() as text:
        rows = list(csv.DictReader(text))
    names = Numbered()
    found = calls(TraceSource(file=AZURE_2021, format="azure-functions-2021"), names)
    expected = sorted(
        (float(row["end_timestamp"]) - float(row["duration"]), float(row["duration"]), f"{row['app']}/{row['func']}")
        for row in rows
    )
    assert [(time, service, names.names[model]) for time, model, service in found] == expected


@pytest.mark.parametrize("chunk", [1, 2, 7, 59, 1000])
def test_rows_in_order_of_their_ends_are_sorted_whatever_the_chunk(tmp_path: Path, chunk: int) -> None:
    header, *rows = AZURE_2021.read_text().splitlines()
    by_end = sorted(rows, key=lambda row: float(row.split(",")[2]))
    assert by_end != rows
    source = TraceSource(file=written(tmp_path, "\n".join([header, *by_end])), format="azure-functions-2021")
    found = calls(source, chunk=chunk)
    original = calls(TraceSource(file=AZURE_2021, format="azure-functions-2021"))
    assert [(time, service) for time, _, service in found] == [(time, service) for time, _, service in original]


def test_durations_are_scaled_or_left_out() -> None:
    source = TraceSource(file=AZURE_2021, format="azure-functions-2021")
    all_of_it = calls(source)
    scaled = calls(source.model_copy(update={"service_scale": 0.5}))
    assert [service for _, _, service in scaled] == [0.5 * service for _, _, service in all_of_it]
    assert {service for _, _, service in calls(source.model_copy(update={"service": False}))} == {-1.0}


def _azure_2021(folder: Path, *rows: str) -> Path:
    return written(folder, "\n".join(["app,func,end_timestamp,duration", *rows, ""]))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["a,f,10,1", "a,f,x,1"], r":3: column 'end_timestamp': 'x' is not a number"),
        (["a,f,10,-1"], r":2: column 'duration': duration -1.0 s is negative"),
        (["a,,10,1"], r":2: column 'func': is empty"),
        ([",f,10,1"], r":2: column 'app': is empty"),
        (["a,f,10"], r":2: 3 cells where the header has 4 columns"),
        (
            ["a,f,9000,1", "a,f,9001,4000"],
            r":3: column 'end_timestamp': the call at 5001.0 s comes after .* 66.6 min out",
        ),
    ],
)
def test_a_wrong_azure_2021_names_file_line_and_column(tmp_path: Path, rows: list[str], message: str) -> None:
    with pytest.raises(TraceError, match=r"calls\.csv" + message):
        calls(TraceSource(file=_azure_2021(tmp_path, *rows), format="azure-functions-2021"))


def test_the_bound_of_the_sorting_can_be_raised_and_its_memory_is_bounded(tmp_path: Path) -> None:
    file = _azure_2021(tmp_path, "a,f,9000,1", "a,g,9001,4000")
    source = TraceSource(file=file, format="azure-functions-2021", max_disorder_s=7200.0)
    assert [time for time, _, _ in calls(source)] == [5001.0, 8999.0]


def test_an_invocation_from_before_the_trace_is_not_replayed(tmp_path: Path) -> None:
    file = _azure_2021(tmp_path, "a,f,1,5", "a,f,2,1")
    assert [time for time, _, _ in calls(TraceSource(file=file, format="azure-functions-2021"))] == [1.0]


def test_an_unknown_function_is_named(tmp_path: Path) -> None:
    file = _azure_2021(tmp_path, "a,f,1,0", "a,g,2,1")
    with pytest.raises(TraceError, match=r"calls\.csv:3: column 'func': unknown model 'a/g'"):
        calls(TraceSource(file=file, format="azure-functions-2021"), Known({"a/f": 0}))


# -- Azure LLM inference 2023


def test_azure_llm_counts_from_its_first_request_to_the_nanosecond() -> None:
    with AZURE_LLM.open() as text:
        stamps = [row["TIMESTAMP"] for row in csv.DictReader(text)]
    seconds = [datetime.fromisoformat(s[:19]).timestamp() + float(s[19:]) for s in stamps]
    found = calls(TraceSource(file=AZURE_LLM, format="azure-llm-2023"))
    np.testing.assert_allclose([time for time, _, _ in found], np.array(seconds) - seconds[0], atol=1e-6)
    # 18:15:46.6805900 and 18:15:50.9951690
    assert found[1][0] == 4.314579
    assert {(model, service) for _, model, service in found} == {(0, -1.0)}


def test_its_model_is_given_or_called_like_the_file() -> None:
    source = TraceSource(file=AZURE_LLM, format="azure-llm-2023")
    assert {m for _, m, _ in calls(source, Known({"azure_llm2023_conv_200rows": 3}))} == {3}
    assert {m for _, m, _ in calls(source.model_copy(update={"model": "llm"}), Known({"llm": 4}))} == {4}
    with pytest.raises(TraceError, match=r"200rows\.csv:2: .*unknown model 'azure_llm2023.*key `model`"):
        calls(source, Known({"llm": 4}))


@pytest.mark.parametrize(
    ("cell", "message"), [("soon", "'soon' is not a time such as"), ("2023-11-16 18:00:00", "rows must be sorted")]
)
def test_a_wrong_azure_llm_names_file_line_and_column(tmp_path: Path, cell: str, message: str) -> None:
    file = written(tmp_path, f"TIMESTAMP,ContextTokens\n2023-11-16 18:15:46.6805900,1\n{cell},2\n")
    with pytest.raises(TraceError, match=r"calls\.csv:3: column 'TIMESTAMP': .*" + message):
        calls(TraceSource(file=file, format="azure-llm-2023"))


# -- times of a table


def _table(folder: Path, times: list[str], **keys: Any) -> TraceSource:
    return TraceSource(file=written(folder, "\n".join(["time,model", *(f"{t},a" for t in times), ""])), **keys)


@pytest.mark.parametrize(
    ("times", "keys", "expected"),
    [
        (["1500", "2500"], {"time_unit": "ms"}, [1.5, 2.5]),
        (["1500000", "2500000.5"], {"time_unit": "us"}, [1.5, 2.5000005]),
        (
            ["1700000000123456789", "1700000001123456790"],
            {"time_unit": "ns", "count_from": "first"},
            [0.0, 1.000000001],
        ),
        (["1700000000.25", "1700000001.5"], {"count_from": "first"}, [0.0, 1.25]),
        (["2026-01-31 23:59:59.5", "2026-02-01T00:00:01"], {"time_unit": "timestamp"}, [0.0, 1.5]),
        (["2026-01-31T23:59:59Z", "2026-02-01T02:00:01+02:00"], {"time_unit": "timestamp"}, [0.0, 2.0]),
        (["31.01.2026 23:59:59", "01.02.2026 00:00:01"], {"time_format": "%d.%m.%Y %H:%M:%S"}, [0.0, 2.0]),
    ],
)
def test_units_and_timestamps(tmp_path: Path, times: list[str], keys: dict[str, Any], expected: list[float]) -> None:
    assert [time for time, _, _ in calls(_table(tmp_path, times, **keys))] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("times", "keys", "message"),
    [
        (["0", "x"], {"time_unit": "ms"}, r":3: column 'time': 'x' is not a number"),
        (["0", "x"], {"time_unit": "ns", "count_from": "first"}, r":3: column 'time': 'x' is not a number"),
        (
            ["2026-01-01 00:00:00", "2026-13-01"],
            {"time_unit": "timestamp"},
            r":3: .*'2026-13-01' is not a time such as",
        ),
        (["01.02.2026", "2026-02-01"], {"time_format": "%d.%m.%Y"}, r":3: .*'2026-02-01' is not a time as %d.%m.%Y"),
        (["1700000000"], {}, r":2: column 'time': .* more than three years: .* is 2023-11-14: count_from: first"),
    ],
)
def test_a_wrong_time_is_named(tmp_path: Path, times: list[str], keys: dict[str, Any], message: str) -> None:
    with pytest.raises(TraceError, match=r"calls\.csv" + message):
        calls(_table(tmp_path, times, **keys))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timestamps_of_parquet(tmp_path: Path, unit: str) -> None:
    stamps = pa.array([datetime(2026, 1, 1), datetime(2026, 1, 1, 0, 0, 3)], pa.timestamp(unit))
    pq.write_table(pa.table({"time": stamps, "model": ["a", "b"]}), tmp_path / "t.parquet")
    source = TraceSource(file=tmp_path / "t.parquet", time_unit="timestamp")
    assert calls(source) == [(0.0, 0, -1.0), (3.0, 1, -1.0)]
    with pytest.raises(TraceError, match="row 1: column 'time': is a column of timestamps: write time_unit: timestamp"):
        calls(source.model_copy(update={"time_unit": "s"}))


def test_a_table_may_be_a_little_out_of_order_if_it_is_allowed(tmp_path: Path) -> None:
    times = ["5", "4", "9", "8.5", "9", "20", "19.5"]
    source = _table(tmp_path, times, max_disorder_s=1.0)
    assert [t for t, _, _ in calls(source, chunk=2)] == sorted(map(float, times))
    with pytest.raises(TraceError, match=r":3: column 'time': time 4.0 s comes after 5.0 s"):
        calls(source.model_copy(update={"max_disorder_s": 0.0}))
    with pytest.raises(TraceError, match=r":3: .*the call at 4.0 s comes after one at 5.0 s: 1 s out of order"):
        calls(source.model_copy(update={"max_disorder_s": 0.5}))


# -- access logs


def log_lines(garbage_every: int = 0, lines: int = 1000) -> list[str]:
    begin = datetime(2026, 1, 31, 23, 59, 0)
    found = []
    for i in range(lines):
        if garbage_every and i % garbage_every == garbage_every - 1:
            found.append("@@ half a li")
            continue
        time = begin + timedelta(seconds=i // 4)
        found.append(f'10.0.0.1 - - [{time:%d/%b/%Y:%H:%M:%S} +0000] "POST /invocations/m{i % 3} HTTP/1.1" 200 7 {i}')
    return found


def log(folder: Path, lines: list[str], name: str = "access.log", **keys: Any) -> TraceSource:
    text = "\n".join(lines) + "\n"
    file = folder / name
    if name.endswith(".gz"):
        file.write_bytes(gzip.compress(text.encode()))
    elif name.endswith(".zst"):
        with pa.output_stream(str(file), compression="zstd") as stream:
            stream.write(text.encode())
    else:
        file.write_text(text)
    return TraceSource(
        file=file, format="access-log", **{"pattern": PATTERN, "time_format": CLF, "resolution": "none"} | keys
    )


@pytest.mark.parametrize("name", ["access.log", "access.log.gz", "access.log.zst"])
def test_an_access_log_is_read(tmp_path: Path, name: str) -> None:
    found = calls(log(tmp_path, log_lines(), name), Known({"m0": 5, "m1": 6, "m2": 7}))
    assert found == [(float(i // 4), 5 + i % 3, -1.0) for i in range(1000)]


@pytest.mark.parametrize("chunk", [1, 3, 64])
def test_a_log_does_not_depend_on_the_chunk(tmp_path: Path, chunk: int) -> None:
    source = log(tmp_path, log_lines())
    assert calls(source, chunk=chunk) == calls(source)


def test_service_times_of_a_log_are_scaled(tmp_path: Path) -> None:
    source = log(tmp_path, log_lines(), pattern=PATTERN + r".* (?P<service>\d+)$", service_scale=1e-6)
    with pytest.warns(TraceWarning, match=r"group 'service' is taken for the service time .*\(stamped: end\)"):
        assert [s for _, _, s in calls(source)][:3] == pytest.approx([0.0, 1e-6, 2e-6])


def test_one_per_cent_of_garbage_is_read_and_told(tmp_path: Path) -> None:
    source = log(tmp_path, log_lines(garbage_every=100))
    with pytest.warns(
        TraceWarning, match=r"access\.log: 10 of 1,000 lines \(1 %\) skipped; the first is line 100: group"
    ):
        assert len(calls(source)) == 990


def test_more_garbage_is_refused(tmp_path: Path) -> None:
    source = log(tmp_path, log_lines(garbage_every=50))
    with pytest.raises(
        TraceError, match=r"20 of 1,000 lines \(2 %\) cannot be read, more than max_skipped: 1 %; .*line 50"
    ):
        calls(source)
    with pytest.warns(TraceWarning, match="20 of 1,000"):
        assert len(calls(source.model_copy(update={"max_skipped": 0.02}))) == 980


def test_a_long_log_of_garbage_is_refused_before_its_end(tmp_path: Path) -> None:
    lines = log_lines(garbage_every=3, lines=3 * tally.JUDGED)
    with pytest.raises(TraceError, match=r"3,333 of 10,000 lines"):
        calls(log(tmp_path, lines))


def test_what_was_skipped_is_told_even_when_the_run_ends_first(tmp_path: Path) -> None:
    source = log(tmp_path, log_lines(garbage_every=100), max_disorder_s=0.0)
    parts = replayed(source, Numbered(), Draws(1, 0, "trace"), 200)
    next(parts)
    with pytest.warns(TraceWarning, match=r"2 of 2\d\d lines"):
        parts.close()  # type: ignore[attr-defined]


def test_lines_of_another_kind_are_left_out(tmp_path: Path) -> None:
    lines = [line for one in log_lines() for line in (one, one.replace("POST /invocations/", "GET /ping?"))]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(calls(log(tmp_path, lines, only="POST"))) == 1000
    with pytest.raises(TraceError, match="left out with `only`"):
        calls(log(tmp_path, lines))


def test_a_time_that_is_none_is_garbage_too(tmp_path: Path) -> None:
    lines = log_lines()
    lines[7] = lines[7].replace("/Jan/", "/Foo/")
    with pytest.warns(TraceWarning, match="1 of 1,000 lines .* line 8: group .time.: "):
        assert len(calls(log(tmp_path, lines))) == 999


def test_lines_in_the_order_of_their_ends_are_sorted(tmp_path: Path) -> None:
    lines = log_lines()
    lines[100], lines[300] = lines[300], lines[100]
    source = log(tmp_path, lines)
    times = [time for time, _, _ in calls(source, chunk=16)]
    assert times == sorted(float(i // 4) for i in range(1000))
    with pytest.raises(TraceError, match=r"access\.log:102: group 'time': .* 50 s out of order, max_disorder is 10 s"):
        calls(source.model_copy(update={"max_disorder_s": 10.0}))


def test_the_first_call_is_at_0_also_when_an_earlier_line_comes_later(tmp_path: Path) -> None:
    lines = log_lines()
    lines.insert(20, lines.pop(0))
    assert calls(log(tmp_path, lines))[0][0] == 0.0


def test_an_unknown_model_in_a_log_is_named(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"access\.log:3: group 'model': unknown model 'm2'"):
        calls(log(tmp_path, log_lines()), Known({"m0": 0, "m1": 1}))


def _missing(folder: Path) -> Path:
    return folder / "access.log"


def _cut(folder: Path) -> Path:
    file = folder / "access.log.gz"
    file.write_bytes(gzip.compress("\n".join(log_lines(lines=50_000)).encode())[:-500])
    return file


def _no_gzip(folder: Path) -> Path:
    return written(folder, "text", "access.log.gz")


@pytest.mark.parametrize("make", [_missing, _cut, _no_gzip])
def test_a_log_that_cannot_be_read_is_one_clear_error(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    source = TraceSource(file=make(tmp_path), format="access-log", pattern=PATTERN, time_format=CLF, resolution="none")
    with pytest.raises(TraceError, match=r"access\.log.*: cannot be read: ") as error:
        calls(source)
    assert "\n" not in str(error.value)


# -- what the schema refuses


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"format": "access-log"}, "access-log needs a pattern"),
        ({"format": "access-log", "pattern": "("}, "is not a regular expression"),
        ({"format": "access-log", "pattern": "(?P<time>.*)"}, "named groups time and model"),
        ({"format": "access-log", "pattern": PATTERN + "(?P<who>.*)"}, "named groups time and model"),
        (
            {"format": "azure-llm-2023", "pattern": PATTERN},
            "does not apply to azure-llm-2023, only to table, json-lines",
        ),
        ({"format": "azure-llm-2023", "columns": TraceColumns(time="t")}, "does not apply to azure-llm-2023"),
        ({"format": "azure-functions-2019", "max_disorder_s": 1.0}, "does not apply to azure-functions-2019"),
        ({"time_unit": "ms", "time_format": "%Y"}, "times in ms have no format"),
        ({"time_unit": "timestamp", "count_from": "zero"}, "timestamps count from the first one"),
        ({"models": {"top": 3, "hash": 2}}, "exactly one of top, hash and stripe"),
        ({"models": {}}, "exactly one of top, hash and stripe"),
        ({"models": {"top": 0}}, "greater than or equal to 1"),
        ({"rate": 0.0}, "greater than 0"),
        ({"warp": 0.0}, "greater than 0"),
        ({"window": {"length_s": 0.0}}, "greater than 0"),
    ],
)
def test_keys_that_contradict_each_other_are_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TraceSource.model_validate({"file": "x.csv"} | keys)
