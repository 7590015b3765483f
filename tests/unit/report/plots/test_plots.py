"""The pictures of a result: what is drawn is what the tables say."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.patches import StepPatch

from mmesim import run
from mmesim.experiment.diff.diff import Diff
from mmesim.report.formats import number
from mmesim.report.plots.diff import KINDS, differences
from mmesim.report.plots.picture import RED, Picture, plain_log
from mmesim.report.plots.trace import trace_plot
from mmesim.results.comparison.compare import deltas
from mmesim.scenario.figures import better
from mmesim.workload.block import Arrivals
from mmesim.workload.trace.describe.describe import describe
from tests.helpers.texts import load_text
from tests.unit.experiment.test_diff import TEXT


@pytest.fixture(scope="module")
def result():
    return run(load_text(TEXT).with_({"run.replications": 3}))


def test_a_difference_is_coloured_by_what_it_means_and_has_its_values(result):
    worse = run(result.scenario.with_({"models.m.service.cpu.lognormal.mean": "14 ms"}))
    found = Diff(result.scenario, result, worse, deltas(result, worse), None, same_calls=True, all_recorded=True)
    plot = differences(found)
    axes = plot.axes[0]
    names = [text.get_text() for text in axes.get_yticklabels()]
    written = {names[round(text.get_position()[1])]: text for text in axes.texts if "a" not in text.get_text()}
    ends = [number(of.summary["latency_ms"]["mean"]["value"]) for of in (result, worse)]
    assert written["mean latency [ms]"].get_text() == " \N{RIGHTWARDS ARROW} ".join(ends)
    assert written["mean latency [ms]"].get_color() == RED
    assert written["cost per hour [USD/h]"].get_color() == KINDS["neither good nor bad"][1]  # the same
    assert written["CPU utilization"].get_color() == KINDS["neither good nor bad"][1]
    assert "worse" in {text.get_text() for text in plot.legends[0].get_texts()}


def test_two_scenarios_of_one_name_have_a_title_that_says_what_differs(result):
    changed = {"models.m.service.cpu.lognormal.mean": "14 ms", "models.m.memory": "11 MB", "endpoint.load_slots": 1}
    worse = replace(result, scenario=result.scenario.with_({**changed, "run.seed": 9}))
    found = Diff(result.scenario, result, worse, deltas(result, worse), None, same_calls=True, all_recorded=True)
    name, *lines = differences(found).axes[0].get_title(loc="left").split("\n")
    assert name == result.scenario.name
    assert sorted(line.partition(": ")[0] for line in lines) == sorted(changed)
    assert any(line.endswith(" \N{RIGHTWARDS ARROW} 11 MB") for line in lines)
    other = replace(result, scenario=result.scenario.model_copy(update={"name": "b"}))
    found = Diff(result.scenario, result, other, deltas(result, other), None, same_calls=True, all_recorded=True)
    assert differences(found).axes[0].get_title(loc="left") == f"a: {result.scenario.name}\nb: b"


@pytest.mark.parametrize("limits", [(40.0, 72_000.0), (1.0, 900.0), (900.0, 80_000.0), (20_000.0, 90_000.0)])
@pytest.mark.parametrize("width_in", [5.0, 10.0])
def test_the_labels_of_a_logarithmic_axis_do_not_touch(limits, width_in):
    figure = Picture(width_in, 3.0)
    axes = figure.add_subplot()
    axes.plot(limits, [1.0, 2.0])
    axes.set_xscale("log")
    axes.set_xlim(*limits)
    plain_log(axes.xaxis)
    figure.canvas.draw()
    shown = [label for label in axes.get_xticklabels() if limits[0] <= label.get_position()[0] <= limits[1]]
    boxes = [label.get_window_extent() for label in shown]
    assert len(boxes) >= 2
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


@pytest.mark.parametrize(
    ("name", "kind", "good"),
    [
        ("p99", "ms", "lower"),
        ("usd_per_hour", "usd", "lower"),
        ("error_rate", "share", "lower"),
        ("share_over 80 ms", "share", "lower"),
        ("cache_hit_ratio", "share", "higher"),
        ("throughput_rps", "rate", "higher"),
        ("cpu_utilization", "share", None),
        ("loaded_models", "count", None),
    ],
)
def test_which_way_is_good(name, kind, good):
    assert better(name, kind) == good


def test_the_last_minute_of_a_trace_is_as_wide_as_the_others():
    time = np.arange(0.0, 180.0, 0.5)
    found = describe(Path("log"), iter([Arrivals(time, np.zeros(len(time), dtype=np.int64), None)]), None)
    (stairs,) = trace_plot(found, "log").axes[0].patches
    assert isinstance(stairs, StepPatch)
    assert stairs.get_data()[1].tolist() == [0.0, 1.0, 2.0, 3.0]
