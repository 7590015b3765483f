"""The picture of a run over time: what is drawn is what the table says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmesim.report.plots.over_time import over_time
from mmesim.results.happened import Happened, Kind
from mmesim.results.over_time.kept import over_time as kept_over_time
from mmesim.results.over_time.over_time import OverTime
from mmesim.results.run_data import RunData
from mmesim.results.shown import Kept
from tests.unit.results.test_course import LOSS, of
from tests.unit.results.test_over_time import eventful


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
    assert {name for name in own.figures if not name.startswith("failed_")} == set(kept.figures)
    for name, values in kept.figures.items():
        np.testing.assert_array_equal(values, own.figures[name], err_msg=name)
    assert [run.happened for run in kept.runs] == [run.happened for run in own.runs]
    assert kept.events == own.events
