from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mmesim.errors import UserError
from tests.perf.figures import number
from tests.perf.phases import PARTS
from tests.perf.report import RATES, main
from tests.perf.tables import BEGIN, END, splice, table
from tests.unit.perf.test_figures import document, entry

FACTS = {
    "hit_ratio": 0.9975,
    "error_rate": 0.0,
    "crossings_per_request": 0.004,
    "crossings_per_load": 9.0,
    "events_per_load": 7.0,
    "setup_s": 0.5,
    "compile_s": 0.75,
    "compile_cpu_s": 0.5,
}


def complete() -> dict[str, Any]:
    """Every case in two rounds: each rate is 100 / wall, and twice that for a second of CPU time."""
    entries = [entry(case, k, 1.0, 1_000_000, **FACTS) for k in range(2) for case, _, _ in RATES]
    entries += [entry(f"fits-{hosts}-traffic", k, 0.1, 1_000_000) for k in range(2) for hosts in (8, 200)]
    entries += [entry(case, k, 1.25, 1_000_000) for k in range(2) for case in ("closed-8", "retries-8")]
    memory = enumerate((1_000_000, 16_000_000))
    entries += [entry("memory", k, 1.0, n, peak_bytes=2**28 + n, cpu_s=n * 3e-7) for k, n in memory]
    entries += [entry("start-first", 0, 40.0, 1, kernel_s=38.0, kernel_cpu_s=30.0)]
    entries += [entry("start-later", 0, 2.0, 1, kernel_s=0.5, kernel_cpu_s=0.25), entry("help", 0, 0.8, 1)]
    entries += [entry("day", 0, 50.0, 86_400_000, cpu_s=44.0, peak_bytes=300 * 2**20)]
    entries += [entry("day-trace", 0, 50.0, 1_000_000, cpu_s=1.0, peak_bytes=400 * 2**20)]
    entries += [entry("two-cores", 0, 50.0, 1, replication_1_s=5.1, ratio=1.8)]
    entries += [entry("dask", 0, 50.0, 1, ratio=1.25, longer_s=0.5)]
    parts = {f"{name} {what}": 0.25 for name in ("imports", *PARTS, "rest") for what in ("cpu_s", "wall_s")}
    peaks = {f"{name} peak_bytes": 2**28 for name in ("imports", *PARTS, "rest")}
    entries += [entry("quickstart", k, 2.0, 1, **parts, **peaks) for k in range(2)]
    return document(*entries)


@pytest.fixture
def written(tmp_path: Path) -> str:
    source, target = tmp_path / "benchmark.json", tmp_path / "performance.md"
    source.write_text(json.dumps(complete()))
    target.write_text(f"# Before\n{BEGIN}\nold figures\n{END}\nafter\n")
    main([str(source), str(target)])
    return target.read_text()


def row(text: str, start: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {start}")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_tables_replace_the_old_ones_and_nothing_else(written: str):
    assert written.startswith(f"# Before\n{BEGIN}\n\n2026-11-22, Abacus 2000, 4 cores")
    assert written.endswith(f"{END}\nafter\n")
    assert "old figures" not in written


def test_clients_are_held_against_open_loop(written: str):
    assert row(written, "users in a closed loop")[1:] == ["1.25", "1.25 to 1.25", "1.5: met"]


def test_rates_stand_beside_their_goals(written: str):
    assert row(written, "everything fits, 8 hosts, 400 models")[1:] == [
        "1,000,000",
        "2,000,000",
        "1,000,000",
        "1,000,000",
        "3,000,000: **missed by 33.3%**",
    ]


def test_ratios_are_those_of_cpu_time(written: str):
    assert row(written, "M/M/4: mmesim / SimPy")[1:] == ["1", "1 to 1", "40: **missed by 97.5%**"]
    assert row(written, "share of generating the traffic, 8 hosts")[1:] == ["10%", "10% to 10%", ""]


def test_the_seam_is_told_for_each_run(written: str):
    assert row(written, "thrashing |")[1:] == ["99.750%", "0.00%", "0.004", "9", "7", "0.5", ""]
    assert row(written, "everything fits, 1,000 hosts |")[7] == "2: met"


def test_memory_and_its_growth(written: str):
    assert row(written, "16,000,000")[1:] == ["271", "0.3"]
    assert "Each further request takes 1.00 bytes. Goal, flat (below 1 byte): met." in written


def test_start_up_times(written: str):
    assert row(written, "kernel, first time")[1:] == ["30", "38", "25: **missed by 20.0%**"]
    assert row(written, "Cimba's Python package: M/M/4")[1:] == ["0.5", "0.75", ""]
    assert row(written, "process that imports")[1:] == ["1", "2", ""]
    assert row(written, "`mmesim --help`")[1:] == ["0.4", "0.8", "0.2: **missed by 100.0%**"]


def test_a_day_is_judged_only_when_it_is_whole(written: str):
    assert row(written, "calls that are drawn")[1:] == [
        "86,400,000",
        "44",
        "40: **missed by 10.0%**",
        "300",
        "350: met",
    ]
    assert row(written, "calls of a sorted Parquet trace")[1:] == ["1,000,000", "1", "", "400", ""]


def test_what_runs_at_the_same_time(written: str):
    assert row(written, "two processes / one, 5.1 s")[1:] == ["1.8", "1.7: met"]
    assert row(written, "4 worker processes of Dask")[1:] == ["1.25", ""]


def test_the_parts_of_the_quickstart(written: str):
    assert row(written, "report and folder")[1:] == ["0.5", "0.5", "0.3: **missed by 66.7%**"]
    assert row(written, "all")[1:] == ["2", "2", "2: met"]
    assert "Peak memory 256 MiB. Goal, 300: met." in written


@pytest.mark.parametrize("text", ["nothing", BEGIN, f"{END} {BEGIN}"])
def test_a_document_without_the_markers_is_refused(text: str):
    with pytest.raises(UserError, match="needs the lines"):
        splice(text, "new")


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234567.0, "1,230,000"), (999.6, "1,000"), (1000.0, "1,000"), (34.56, "34.6"), (0.000331, "0.000331"), (0, "0")],
)
def test_numbers_have_three_digits(value: float, text: str):
    assert number(value) == text


def test_a_table_aligns_figures_to_the_right():
    assert table(("what", "much"), [("a", "1")]) == "| what | much |\n| --- | ---: |\n| a | 1 |"
