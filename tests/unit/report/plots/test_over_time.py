"""The picture of a run over time: what is drawn is what the table says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmesim.errors import UserError
from mmesim.experiment.replicate import run_replications
from mmesim.report.plots.over_time import over_time
from mmesim.results.folder.over_time import over_time as kept_over_time
from mmesim.results.folder.shown import Kept
from mmesim.results.measured.happened import Happened, Kind
from mmesim.results.measured.run_data import CAUSES, RunData
from mmesim.results.over_time.over_time import OverTime
from tests.helpers.texts import load_text
from tests.unit.results.over_time.test_course import LOSS, of
from tests.unit.results.over_time.test_over_time import eventful


@pytest.fixture
def seen() -> OverTime:
    return eventful(of("p99 < 1 s"), [0, 0, 20, 20, *[0] * 6], [0] * 10, lost=[0, 0, 30, *[0] * 7]).over_time


def test_each_panel_draws_its_means_and_their_bands(seen: OverTime) -> None:
    panels, table = over_time(seen).axes, seen.table
    assert [axes.get_ylabel() for axes in panels] == [
        "instances",
        "hit ratio [%]",
        "latency [ms]",
        "failed calls [1/min]",
        "calls in flight",
        "CPU [%]",
        "cost [USD/h]",
    ]
    drawn = {line.get_label(): np.asarray(line.get_ydata()) for line in panels[2].lines}
    np.testing.assert_array_equal(drawn["p99"], [*table["p99_ms"], table["p99_ms"].iloc[-1]])
    np.testing.assert_array_equal(np.asarray(panels[0].lines[0].get_ydata())[:-1], table["instances"])
    assert np.asarray(panels[0].lines[0].get_xdata())[[0, -1]].tolist() == [0.0, 10.0]  # to the end of the last minute
    assert len(panels[0].collections) == 2
    assert panels[3].get_legend_handles_labels()[1] == ["host_lost"]


def test_what_happened_is_marked_where_it_happened(seen: OverTime) -> None:
    panels = over_time(seen).axes
    for axes in panels:
        marks = [np.asarray(line.get_xdata()) for line in axes.lines if line.get_linestyle() == ":"]
        assert [mark[0] for mark in marks] == [2.5, 200.0 / 60.0]
    assert {text.get_text() for text in panels[0].texts} == {f"fault {LOSS}", "scale-out cpu"}
    assert len({text.get_position()[1] for text in panels[0].texts}) == 2  # near each other: in two rows
    assert [text.get_text() for text in panels[2].texts] == ["limit 1 s of p99"]


def test_the_end_of_a_fault_and_a_scheduled_action_are_marked(seen: OverTime) -> None:
    happened = (Happened(60.0, Kind.fault_over, LOSS), Happened(120.0, Kind.scale_in, "scheduled night"))
    runs = tuple(replace(run, happened=happened) for run in seen.runs if isinstance(run, RunData))
    assert {text.get_text() for text in over_time(OverTime(seen.scenario, runs)).axes[0].texts} == {
        f"fault-over {LOSS}",
        "scale-in scheduled night",
    }


def test_failures_without_causes_are_a_share(seen: OverTime) -> None:
    quiet = OverTime(of("p99 < 1 s").model_copy(update={"faults": ()}), seen.runs[:1])
    axes = over_time(quiet).axes[3]
    assert axes.get_ylabel() == "failed attempts [%]"
    assert np.asarray(axes.lines[0].get_ydata()).tolist() == [25.0] * 11


def test_failures_of_minutes_of_which_a_part_is_measured_are_those_of_a_whole_one() -> None:
    """9.5 minutes, measured from 1.5 on: the second minute, and the last of which half is there."""
    case = of("p99 < 1 s", minutes=9.5, warmup_s=90.0)
    result = eventful(case, [0] * 8, lost=[30] * 8)
    layer = np.asarray(over_time(result.over_time).axes[3].collections[0].get_paths()[0].vertices)
    assert layer[:, 1].max() == pytest.approx(30.0)
    assert result.over_time.table["failed_host_lost"].dropna().sum() == 240


def test_a_thousand_events_do_not_hide_the_rest(seen: OverTime) -> None:
    many = tuple(Happened(0.5 * i, Kind.fault, LOSS) for i in range(1000))
    runs = tuple(replace(run, happened=many) for run in seen.runs if isinstance(run, RunData))
    assert (
        len([line for line in over_time(OverTime(seen.scenario, runs)).axes[4].lines if line.get_linestyle() == ":"])
        == 40
    )


def test_a_folder_gives_what_the_result_gave(tmp_path: Path) -> None:
    result = eventful(of("p99 < 1 s"), [0, 0, 20, 20, *[0] * 6], [0] * 10, lost=[0, 0, 30, *[0] * 7])
    kept, own = kept_over_time(Kept.read(result.save(tmp_path / "run"))), result.over_time
    assert set(own.figures) == set(kept.figures)
    for name, values in kept.figures.items():
        if name.startswith("failed_"):  # of these no call was recorded
            continue
        np.testing.assert_array_equal(values, own.figures[name], err_msg=name)
    assert [run.happened for run in kept.runs] == [run.happened for run in own.runs]
    assert kept.events == own.events


def test_a_folder_with_every_call_gives_failures_by_cause_and_one_without_their_share(tmp_path: Path) -> None:
    scenario = load_text(
        """
name: loss
endpoint: {vcpu: 2, memory: 8 GiB, instance_count: 2, warm: true, price_per_hour: 0.1 USD, loss_noticed_after: 70 s}
models: [{name: m, count: 4, framework: xgboost, artifact_size: 1 MB, memory: 1 MB, service: {cpu: 5 ms}}]
traffic: [{arrivals: {poisson: {rate: 2 /s}}}]
run: {duration: 4.5 min, warmup: 30 s, seed: 3, replications: 2}
faults: [{name: loss, instance_loss: {instance: 0, replace: false}, at: 2 min}]
expect: [p90 < 500 ms]
"""
    )
    result = run_replications(scenario)
    own = result.over_time.figures
    kept = kept_over_time(Kept.read(result.save(tmp_path / "run"))).figures
    assert np.nansum(own["failed_host_lost"]) > 0
    for name, values in own.items():
        np.testing.assert_array_equal(values, kept[name], err_msg=name)
    (tmp_path / "run" / "requests.parquet").unlink()
    assert set(own) - set(kept_over_time(Kept.read(tmp_path / "run")).figures) == {f"failed_{one}" for one in CAUSES}
    (tmp_path / "run" / "requests.parquet").write_bytes(b"PAR1")
    with pytest.raises(UserError, match=r"requests\.parquet is damaged"):
        kept_over_time(Kept.read(tmp_path / "run"))
