"""The result folder: whole or not at all, and never over something that is not a result."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mmesim import files
from mmesim.errors import OutputError
from mmesim.results.folder import folder
from mmesim.results.measured.happened import Happened, Kind
from mmesim.results.result import Result
from mmesim.scenario.file.load import load
from tests.unit.results.synthetic import Call, replications, scenario

OF = scenario(["p99 < 500 ms"])


def result(calls: int = 10) -> Result:
    return Result(OF, replications(OF, [Call(0.1)] * calls, [Call(0.2)] * calls))


def names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir())


def test_save_writes_every_file_and_nothing_else(tmp_path: Path) -> None:
    written = result().save(tmp_path / "results" / "day")
    assert names(written) == [
        "histograms.parquet",
        "hosts.parquet",
        "miss_ratio.parquet",
        "models.parquet",
        "provenance.json",
        "requests.parquet",
        "scenario.yaml",
        "summary.json",
        "windows.parquet",
    ]
    assert names(tmp_path / "results") == ["day"]
    assert json.loads((written / "summary.json").read_text()) == result().summary
    assert pq.read_table(written / "requests.parquet").num_rows == 20
    folder.prepare(written)


def test_the_written_scenario_is_the_scenario(tmp_path: Path) -> None:
    assert load(result().save(tmp_path / "day") / "scenario.yaml") == OF


def test_same_result_same_bytes(tmp_path: Path) -> None:
    first, second = result().save(tmp_path / "a"), result().save(tmp_path / "b")
    assert names(first) == names(second) != []
    for name in set(names(first)) - {"provenance.json"}:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_without_records_there_is_no_table_of_requests(tmp_path: Path) -> None:
    bare = Result(OF, replications(OF, [Call(0.1)], records=None))
    assert "requests.parquet" not in names(bare.save(tmp_path / "day"))
    with pytest.raises(ValueError, match="no calls were recorded"):
        _ = bare.requests


def test_what_happened_is_written_when_something_did(tmp_path: Path) -> None:
    eventful = Result(OF, replications(OF, [Call(0.1)], happened=(Happened(1.0, Kind.fault, "loss"),)))
    written = eventful.save(tmp_path / "day")
    assert pq.read_table(written / "happened.parquet").to_pylist() == eventful.happened.to_dict("records")
    assert eventful.happened["kind"].tolist() == ["fault"]
    folder.prepare(written)


def test_an_earlier_result_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "day"
    result(10).save(target)
    (target / "report.html").write_text("earlier")
    result(20).save(target)
    assert json.loads((target / "summary.json").read_text())["requests"]["total"] == 40
    assert "report.html" not in names(target)
    assert names(tmp_path) == ["day"]


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    result().save(tmp_path)
    assert "summary.json" in names(tmp_path)


@pytest.mark.parametrize("entry", ["notes.txt", "summary.json"])
def test_a_folder_with_something_else_is_refused_and_untouched(tmp_path: Path, entry: str) -> None:
    (tmp_path / entry).write_text("{}")
    for attempt in (lambda: folder.prepare(tmp_path), lambda: result().save(tmp_path)):
        with pytest.raises(OutputError, match="choose another folder with --out"):
            attempt()
    assert (tmp_path / entry).read_text() == "{}"
    assert names(tmp_path) == [entry]


def test_own_notes_in_an_earlier_result_are_not_lost(tmp_path: Path) -> None:
    target = result().save(tmp_path / "day")
    (target / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"'notes\.txt'"):
        result().save(target)
    assert (target / "notes.txt").read_text() == "mine"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "day").write_text("x")
    with pytest.raises(OutputError, match="not a folder"):
        folder.prepare(tmp_path / "day")
    with pytest.raises(OutputError, match="not a folder"):
        folder.prepare(tmp_path / "day" / "inner")
    with pytest.raises(OutputError, match="cannot write"):
        result().save(tmp_path / "day" / "inner")


def test_the_longest_name_is_written_and_a_longer_one_refused_beforehand(tmp_path: Path) -> None:
    longest = tmp_path / ("n" * 255)
    folder.prepare(longest)
    assert "summary.json" in names(result().save(longest))
    with pytest.raises(OutputError, match="File name too long"):
        folder.prepare(tmp_path / ("n" * 256))


def test_the_current_folder_is_not_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for attempt in (lambda: folder.prepare(Path()), lambda: result().save(".")):
        with pytest.raises(OutputError, match="is the current folder"):
            attempt()
    assert names(tmp_path) == []
    assert "summary.json" in names(result().save("day"))


def test_a_mounted_folder_cannot_be_replaced() -> None:
    with pytest.raises(OutputError, match="/proc has something mounted on it: choose a folder inside it"):
        folder.prepare(Path("/proc"))


def test_prepare_leaves_no_trace(tmp_path: Path) -> None:
    folder.prepare(tmp_path / "results" / "day")
    assert names(tmp_path) == []


def test_a_place_that_cannot_be_written_is_refused() -> None:
    # The kernel's own file system takes no new folders, whoever asks.
    with pytest.raises(OutputError, match="cannot write to /proc/mmesim/day"):
        folder.prepare(Path("/proc/mmesim/day"))


def test_a_failing_writer_leaves_the_earlier_result(tmp_path: Path) -> None:
    target = result(10).save(tmp_path / "day")

    def fails(path: Path) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="No space left on device"):
        folder.write(target, {"summary.json": fails})
    assert json.loads((target / "summary.json").read_text())["requests"]["total"] == 20
    assert names(tmp_path) == ["day"]


def test_a_failing_exchange_brings_the_earlier_result_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = result(10).save(tmp_path / "day")
    rename = os.rename
    renamed: list[str] = []

    def second_fails(source: str, to: str) -> None:
        renamed.append(Path(to).name)
        if len(renamed) == 2:
            raise OSError(5, "Input/output error")
        rename(source, to)

    monkeypatch.setattr(os, "rename", second_fails)
    monkeypatch.setattr(files, "_exchanged", lambda *_: False)
    with pytest.raises(OutputError, match="Input/output error"):
        result(20).save(target)
    assert renamed == ["0", "day", "day"]
    assert json.loads((target / "summary.json").read_text())["requests"]["total"] == 20


def test_four_writers_of_one_folder_all_succeed(tmp_path: Path) -> None:
    found = [result(10 * number) for number in range(1, 5)]
    for writer in found:
        _ = writer.summary
    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(lambda number: found[number % 4].save(tmp_path / "day"), range(40)):
            assert json.loads((tmp_path / "day" / "summary.json").read_text())["requests"]["total"] in (20, 40, 60, 80)
    assert names(tmp_path) == ["day"]


def test_what_a_file_manager_left_does_not_block_a_folder(tmp_path: Path) -> None:
    target = result(10).save(tmp_path / "day")
    (target / ".DS_Store").write_bytes(b"x")
    result(20).save(target)
    assert json.loads((target / "summary.json").read_text())["requests"]["total"] == 40


def test_two_scenarios_do_not_share_a_folder_unasked(tmp_path: Path) -> None:
    target = result(10).save(tmp_path / "day")
    folder.prepare(target, result(10).scenario.name)
    folder.prepare(target)
    with pytest.raises(OutputError, match="holds the result of another scenario"):
        folder.prepare(target, "a b")


def test_only_files_of_a_result_are_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"notes\.txt"):
        folder.write(tmp_path / "day", {"notes.txt": lambda path: None})
    assert names(tmp_path) == []


def test_frames_and_short_text() -> None:
    day = result()
    assert len(day.requests) == 20
    assert len(day.hosts) == 2
    assert day.models["calls"].tolist() == [20, 0]
    assert day.windows["Invocations"].tolist() == [60.0, 40.0, 60.0, 40.0]
    assert repr(day) == "Result('by-hand', 2 of 1 replications, 20 calls)"
