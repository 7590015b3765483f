"""Tables of an unknown layout: read where they can be, else the error says what to write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmesim.errors import TraceError
from mmesim.scenario.traffic.trace.trace import TraceSource
from mmesim.workload.trace.formats.line_text import beginning
from mmesim.workload.trace.formats.unknown_file import known_format
from mmesim.workload.trace.names import Known, Numbered
from mmesim.workload.trace.replay.replay import Draws, replayed
from tests.unit.workload.trace.test_presets import BINS, CASES, LOCUST, METRIC_DATA, RESULTS, STATISTICS


def calls(source: TraceSource, naming: Known | Numbered) -> list[tuple[float, int]]:
    parts = replayed(source, naming, Draws(1, 0, "trace"), 100)
    return [call for part in parts for call in zip(part.time.tolist(), part.model.tolist(), strict=True)]


def table(folder: Path, text: str) -> Path:
    file = folder / "calls.csv"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("Time,Model", "column 'time' is missing (write columns.time=Time)"),
        ("timestamp,model", "column 'time' is missing (write columns.time=timestamp)"),
        ("time,Model_Name", "column 'model' is missing (write columns.model=Model_Name)"),
        (
            "time,size",
            "column 'model' is missing (it has: time, size; columns.model=NAME reads another, model: NAME in the",
        ),
        ('{"time": 1', "format: json-lines"),
        ("0.5,cat", "the first line is not a header"),
        ("TIMESTAMP,ContextTokens,GeneratedTokens", "format: azure-llm-2023"),
        ("app,func,end_timestamp,duration", "format: azure-functions-2021"),
        ("HashOwner,HashApp,HashFunction,Trigger,1,2,3", "format: azure-functions-2019"),
        ("# HELP http_requests_total Calls.", "it looks like metrics in Prometheus' text format: single calls"),
        ('http_requests_total{model="a",code="200"} 1027', "it looks like metrics in Prometheus' text format"),
        ("Running 30s test @ http://127.0.0.1:8080/a", "it looks like the summary of wrk: single calls"),
        ("This is ApacheBench, Version 2.3", "it looks like the summary of ab: single calls"),
        ("2026-01-31T23:59:58 status=200 model=a", "for a log of lines give a regular expression"),
        ("x" * 100 + ",y", "(it has: " + "x" * 30 + "..., y; columns.time=NAME reads another)"),
    ],
)
def test_an_unknown_table_says_what_to_write(tmp_path: Path, header: str, message: str) -> None:
    with pytest.raises(TraceError) as error:
        calls(TraceSource(file=table(tmp_path, f"{header}\n1,2\n")), Numbered())
    assert message in str(error.value)


def test_an_answer_of_prometheus_holds_no_calls(tmp_path: Path) -> None:
    series = {"metric": {"model": "a"}, "values": [[1435781430.781, "1"]]}
    file = table(tmp_path, json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [series]}}))
    with pytest.raises(TraceError, match="it looks like an answer of Prometheus: single calls"):
        calls(TraceSource(file=file, format="json-lines"), Numbered())


def test_rows_of_which_the_newest_stands_first_say_how_to_sort_them(tmp_path: Path) -> None:
    file = table(tmp_path, "time,model\n3,a\n2,b\n1,a\n")
    with pytest.raises(TraceError, match="the newest stands first: max_disorder: 10000 h sorts them all"):
        calls(TraceSource(file=file), Numbered())
    sorted_source = TraceSource.model_validate({"file": str(file), "max_disorder": "10000 h"})
    assert [time for time, _ in calls(sorted_source, Numbered())] == [1.0, 2.0, 3.0]


@pytest.mark.filterwarnings("ignore::mmesim.errors.TraceWarning")
@pytest.mark.parametrize("layout", [layout for layout in CASES if layout not in ("apache-combined", "api-gateway-clf")])
def test_a_known_layout_is_named(tmp_path: Path, layout: str) -> None:
    text, _, _ = CASES[layout]
    with pytest.raises(TraceError, match=rf"it looks like .*: format: {layout}\)"):
        calls(TraceSource(file=table(tmp_path, text)), Numbered())


@pytest.mark.parametrize(
    ("text", "layout"), [(LOCUST, "locust-history"), (BINS, "cloudwatch"), (METRIC_DATA, "cloudwatch")]
)
def test_a_known_layout_of_counts_is_named(tmp_path: Path, text: str, layout: str) -> None:
    with pytest.raises(TraceError, match=rf"it looks like .*: format: {layout}\)"):
        calls(TraceSource(file=table(tmp_path, text)), Numbered())


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_cells_are_separated_by_comma_semicolon_or_tab(tmp_path: Path, separator: str) -> None:
    text = "time,model\n0.5,b\n1,a\n".replace(",", separator)
    assert calls(TraceSource(file=table(tmp_path, text)), Known({"a": 0, "b": 1})) == [(0.5, 1), (1.0, 0)]
    with pytest.raises(TraceError, match=r"calls\.csv:3: column 'time': 'x' is not a number"):
        calls(TraceSource(file=table(tmp_path, text.replace("\n1", "\nx"))), Known({"a": 0, "b": 1}))


@pytest.mark.parametrize(
    ("text", "keys", "message"),
    [
        ("time;model\n0,5;a\n", {}, "'0,5' is not a number: decimals need a point"),
        ("time,model\n1.5,a\n", {"time_unit": "timestamp"}, "'1.5' is not a time .*; a number from 0 on: time_unit: s"),
        ('{"time": 1.5, "model": "a"}\n', {"format": "json-lines"}, "'1.5' is not a time .* time_unit: s"),
        ('{\n "time": 1}\n', {"format": "json-lines"}, "each must stand on one line"),
        ("1.5 a\n", {"format": "access-log", "pattern": r"(?P<time>\S+) (?P<model>\S+)"}, "'1.5' .* time_unit: s"),
    ],
)
def test_what_is_no_time_or_number_says_what_to_write(
    tmp_path: Path, text: str, keys: dict[str, str], message: str
) -> None:
    with pytest.raises(TraceError, match=message):
        calls(TraceSource.model_validate({"file": str(table(tmp_path, text)), **keys}), Numbered())


def test_a_table_without_names_is_for_the_model_that_is_given(tmp_path: Path) -> None:
    source = TraceSource(file=table(tmp_path, "time,size\n0.5,7\n1,8\n"), model="b")
    assert calls(source, Known({"a": 0, "b": 1})) == [(0.5, 1), (1.0, 1)]
    with pytest.raises(TraceError, match="unknown model 'b'"):
        calls(source, Known({"a": 0}))


@pytest.mark.parametrize("indent", [None, 2, 4])
@pytest.mark.parametrize("text", [METRIC_DATA, STATISTICS, RESULTS])
def test_an_answer_of_cloudwatch_is_recognised_however_it_is_indented(
    tmp_path: Path, text: str, indent: int | None
) -> None:
    file = table(tmp_path, json.dumps(json.loads(text), indent=indent))
    assert known_format(beginning(file)) == ("counts of CloudWatch", "cloudwatch")
    with pytest.raises(TraceError, match=r"it looks like counts of CloudWatch: format: cloudwatch\)"):
        calls(TraceSource(file=file), Numbered())
