"""Answers of CloudWatch Logs Insights as JSON: every row is read, however the JSON is laid out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mmesim.errors import TraceError, TraceWarning
from mmesim.workload.trace.formats.line_text import LONGEST
from tests.unit.workload.trace.test_odd_logs import read

SECONDS = range(20, 25)


def answer(folder: Path, indent: int | None, **fields: str) -> Path:
    """A row a second; `{second}` and `{model}` in a field are those of the row."""
    rows = [
        [
            *(
                {"field": name.replace("at_", "@"), "value": text.format(second=second, model=f"m{second % 2}")}
                for name, text in fields.items()
            ),
            {"field": "@ptr", "value": "CmEK"},
        ]
        for second in SECONDS
    ]
    file = folder / "answer.json"
    file.write_text(
        json.dumps({"results": rows, "statistics": {"recordsMatched": 5.0}, "status": "Complete"}, indent=indent)
    )
    return file


EXPECTED = [(float(second - SECONDS[0]), f"m{second % 2}") for second in SECONDS]


@pytest.mark.parametrize("indent", [None, 4])
def test_every_message_is_a_call(tmp_path: Path, indent: int | None) -> None:
    file = answer(
        tmp_path,
        indent,
        at_timestamp="2026-10-26 07:33:{second}.000",
        at_message='2026-10-26T07:33:{second},000 [INFO ] ACCESS_LOG - "POST /models/{model}/invoke HTTP/1.1" 200 0',
    )
    assert read(file, format="cloudwatch-logs") == EXPECTED


@pytest.mark.parametrize("indent", [None, 4])
def test_fields_are_columns(tmp_path: Path, indent: int | None) -> None:
    file = answer(tmp_path, indent, at_timestamp="2026-10-26 07:33:{second}.000", modelName="{model}")
    columns = {"time": "@timestamp", "model": "modelName"}
    assert read(file, format="json-lines", columns=columns) == EXPECTED
    with pytest.raises(
        TraceError, match=r"no row has the key 'name' \(the first row has: @timestamp, modelName;|did you"
    ):
        read(file, format="json-lines", columns=columns | {"model": "name"})


def test_an_answer_in_one_long_line_is_read_to_its_end(tmp_path: Path) -> None:
    file = answer(tmp_path, None, at_timestamp="2026-10-26 07:33:{second}.000", modelName="{model}", body="x" * LONGEST)
    assert read(file, format="json-lines", columns={"time": "@timestamp", "model": "modelName"}) == EXPECTED


def counts(folder: Path, *minutes: int) -> Path:
    file = folder / "counts.json"
    times = [f"2026-10-26T07:{minute:02d}:00+00:00" for minute in minutes]
    series: dict[str, Any] = {"Id": "q1", "Label": "a", "Timestamps": times, "Values": [12.0] * len(times)}
    file.write_text(json.dumps({"MetricDataResults": [series]}))
    return file


@pytest.mark.parametrize(
    ("minutes", "keys", "assumed", "calls"),
    [((33,), {}, True, 12), ((33, 38), {}, False, 24), ((33,), {"resolution": "300 s"}, False, 12)],
)
def test_a_period_that_nothing_tells_is_assumed_aloud(
    tmp_path: Path, minutes: tuple[int, ...], keys: dict[str, str], assumed: bool, calls: int
) -> None:
    with pytest.warns(TraceWarning) as seen:
        times = [time for time, _ in read(counts(tmp_path, *minutes), format="cloudwatch", **keys)]
    assert any("their period stands nowhere: 60 s is assumed" in str(one.message) for one in seen) == assumed
    assert len(times) == calls
    assert (max(times) - min(times) < 60.0) == assumed


def test_a_list_inside_an_object_is_named(tmp_path: Path) -> None:
    file = tmp_path / "calls.json"
    file.write_text(json.dumps({"took": 3, "items": [{"time": 1.0, "model": "a"}]}))
    with pytest.raises(
        TraceError, match=r"'items' holds a list of objects: jq -c '\.\[\"items\"\]\[\]' FILE writes one"
    ):
        read(file, format="json-lines")
    file.write_text(json.dumps({"items": [{"time": 1.0, "model": "a" * LONGEST}]}))
    with pytest.raises(TraceError, match="its line is longer than 1 MiB, and is cut: jq -c"):
        read(file, format="json-lines")
