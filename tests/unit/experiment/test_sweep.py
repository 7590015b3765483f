"""Sweeps: every point is simulated once, the table is the same however it came about, mistakes are told first."""

from __future__ import annotations

import io
import json
import re
import signal
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import LogNorm
from matplotlib.image import imread

from mmesim.errors import OutputError, ScenarioError, UserError
from mmesim.experiment.execute.executors import local
from mmesim.experiment.execute.task import Observer
from mmesim.experiment.replicate import run_replications
from mmesim.experiment.store.store import Store
from mmesim.experiment.sweep.result import SweepResult
from mmesim.experiment.sweep.sweep import sweep
from mmesim.report.content.sweep import sweep_report
from mmesim.report.plots.picture import write_plot
from mmesim.report.text import text as rendered
from mmesim.results.figures.figures import read
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario
from mmesim.scenario.figures import figure, shown_in
from mmesim.scenario.file.dump import dump
from mmesim.stats.intervals import Estimate
from tests.helpers.texts import load_text
from tests.unit.experiment import fakes
from tests.unit.results.synthetic import Call, run_data

COUNT = "endpoint.instance_count"
GRID: dict[str, list[object]] = {COUNT: [1, 2], "models.m.memory": ["10 MB", "20 MB", "30 MB"]}

TEXT = """
name: swept
endpoint: {vcpu: 2, memory: 8 GiB, price_per_hour: 0.36 USD}
models: [{name: m, count: 2, artifact_size: 1 MB, memory: 10 MB, service: {cpu: 10 ms}}]
traffic: [{arrivals: {poisson: {rate: 1 /s}}}]
run: {duration: 100 s, seed: 7}
expect: [p99 < 25 ms]
"""
SCENARIO = load_text(TEXT)
FAKE: dict[str, Any] = {"replications": 3, "executor": fakes.Fake(fakes.random_service)}


def by_count(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    """Calls that take 10 ms for each instance; the third point is slower."""
    service = 0.01 * scenario.endpoint.instance_count + 1e-4 * replication
    return run_data(scenario, [Call(service)] * 5, replication=replication)


def no_answer(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    return run_data(scenario, [Call(0.01, cause="queue_full")] * 5, replication=replication)


def never(*_: object) -> RunData:
    raise AssertionError("simulated")


def test_every_point_is_what_its_scenario_alone_gives() -> None:
    result = sweep(SCENARIO, {COUNT: [1, 2]}, replications=3)
    for point, count in zip(result.points, (1, 2), strict=True):
        alone: Any = run_replications(SCENARIO.with_({COUNT: count, "run.replications": 3})).summary
        for one in shown_in("sweep"):
            assert point.figures[one.column] == read(one, alone)
        assert point.verdict == alone["expect"][0]["verdict"]
        assert point.not_passed == (() if point.verdict == "pass" else ("p99 < 25 ms",))
    assert (result.simulated, result.found, result.interrupted, result.self_check) == (6, 0, False, None)


def test_the_table_has_one_row_a_point() -> None:
    frame = sweep(SCENARIO, GRID, replications=2, executor=fakes.Fake(by_count)).frame
    assert list(frame.columns[:4]) == ["point", COUNT, "models.m.memory [MB]", "replications"]
    assert frame["point"].tolist() == [0, 1, 2, 3, 4, 5]
    assert frame[COUNT].tolist() == [1, 1, 1, 2, 2, 2]
    assert frame["models.m.memory [MB]"].tolist() == [10, 20, 30] * 2
    assert frame["mean_ms"].tolist() == pytest.approx([10.05] * 3 + [20.05] * 3)
    assert (frame["mean_ms_low"] < frame["mean_ms"]).all()
    assert (frame["mean_ms"] < frame["mean_ms_high"]).all()
    assert frame["usd_per_hour"].tolist() == [0.36] * 6
    assert "max_ms_low" not in frame
    assert frame["verdict"].tolist() == ["undecided"] * 6
    assert frame["not_passed"].tolist() == ["p99 < 25 ms"] * 6


def test_values_without_one_unit_are_text() -> None:
    swept = {"models.m.memory": ["10 MB", "10 MiB"], "endpoint.eviction": ["lru"]}
    frame = sweep(SCENARIO, swept, replications=1, executor=fakes.Fake(by_count)).frame
    assert frame["models.m.memory"].tolist() == ["10 MB", "10 MiB"]
    assert frame["endpoint.eviction"].tolist() == ["lru", "lru"]


@pytest.mark.slow
def test_files_are_the_same_bytes_whatever_ran_them(tmp_path: Path) -> None:
    one = sweep(SCENARIO, GRID, **FAKE).save(tmp_path / "one")
    with fakes.Fake(fakes.random_service, local(2)) as executor:
        other = sweep(SCENARIO, GRID, executor=executor, replications=3).save(tmp_path / "other")
    for name in ("sweep.csv", "sweep.parquet"):
        assert (one / name).read_bytes() == (other / name).read_bytes()
    assert sorted(path.name for path in one.iterdir()) == ["provenance.json", "sweep.csv", "sweep.parquet"]
    origin = json.loads((one / "provenance.json").read_text())
    assert origin["scenario_sha256"] == sha256(dump(SCENARIO).encode()).hexdigest()
    assert origin["started_at"] <= origin["written_at"]
    assert origin["simulation_s"] is None
    whole = sweep(SCENARIO, GRID, **FAKE).frame
    pd.testing.assert_frame_equal(pd.read_parquet(one / "sweep.parquet"), whole)
    csv = pd.read_csv(io.StringIO((one / "sweep.csv").read_text()))
    pd.testing.assert_series_equal(csv["p99_ms"], whole["p99_ms"])


def test_what_is_in_the_store_is_not_simulated_again(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    part = sweep(SCENARIO, {COUNT: [1, 2]}, store=file, **FAKE)
    assert (part.simulated, part.found) == (6, 0)
    whole = sweep(SCENARIO, {COUNT: [1, 2, 3]}, store=file, **FAKE)
    assert (whole.simulated, whole.found) == (3, 6)
    again = sweep(SCENARIO, {COUNT: [3, 1]}, store=file, replications=3, executor=fakes.Fake(never))
    assert (again.simulated, again.found) == (0, 6)
    assert again.frame["p99_ms"].tolist() == whole.frame["p99_ms"].tolist()[::-2]
    more = sweep(SCENARIO, {COUNT: [1]}, store=file, replications=5, executor=fakes.Fake(fakes.random_service))
    assert (more.simulated, more.found) == (2, 3)
    with Store(file) as store:
        assert store.simulated == len(store) == 11


def test_replications_are_those_given_else_the_scenarios_else_ten() -> None:
    def times(scenario: Scenario, **more: Any) -> list[int]:
        return [
            point.replications for point in sweep(scenario, {COUNT: [1]}, executor=fakes.Fake(by_count), **more).points
        ]

    assert times(SCENARIO) == [10]
    assert times(SCENARIO.with_({"run.replications": 4})) == [4]
    assert times(SCENARIO.with_({"run.replications": 4}), replications=2) == [2]


def test_the_section_of_the_scenario_is_the_default(tmp_path: Path) -> None:
    file = tmp_path / "swept.yaml"
    file.write_text(TEXT + f"sweep: {{grid: {{{COUNT}: [2, 3]}}}}\n")
    assert sweep(file, executor=fakes.Fake(by_count), replications=1).frame[COUNT].tolist() == [2, 3]
    assert sweep(file, {COUNT: [5]}, executor=fakes.Fake(by_count), replications=1).frame[COUNT].tolist() == [5]
    with pytest.raises(UserError, match="swept: nothing to sweep: write a section `sweep`"):
        sweep(SCENARIO)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"endpoint.instance_cont": [1, 2]}, "did you mean instance_count?"),
        ({COUNT: [1, 0]}, f"sweep, {COUNT}=0: {COUNT}"),
        ({COUNT: ["many"]}, "'many'"),
        ({"models.n.memory": ["1 MB"]}, "there is no 'n' here, only m"),
        ({"models.m.memory": [25]}, "25"),
        ({COUNT: []}, "is empty"),
        ([], "is empty"),
    ],
)
def test_a_wrong_point_is_told_before_anything_is_simulated(what: Any, message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        sweep(SCENARIO, what, executor=fakes.Fake(never))
    assert message in str(refused.value)


def test_too_many_simulations_have_to_be_allowed() -> None:
    with pytest.raises(UserError, match=r"3 points are 30 simulations, more than 29: .* allow it with --yes"):
        sweep(SCENARIO, {COUNT: [1, 2, 3]}, most=29, executor=fakes.Fake(never))
    assert (
        len(sweep(SCENARIO, {COUNT: [1, 2, 3]}, most=None, replications=1, executor=fakes.Fake(by_count)).points) == 3
    )


def test_an_interrupt_leaves_the_finished_points(tmp_path: Path) -> None:
    def interrupt_after_four(simulated: int, found: int, total: int, calls: int) -> None:
        assert (total, calls) == (6, 20 * simulated)
        if simulated == 4:
            signal.raise_signal(signal.SIGINT)

    file = tmp_path / "store.sqlite"
    result = sweep(SCENARIO, {COUNT: [1, 2]}, store=file, watch=interrupt_after_four, **FAKE)
    assert result.interrupted
    assert [point.number for point in result.points] == [0]
    assert "INTERRUPTED: 1 of 2 points were finished" in rendered(sweep_report(result, [figure("p99")]))
    rest = sweep(SCENARIO, {COUNT: [1, 2]}, store=file, **FAKE)
    assert (rest.simulated, rest.found) == (2, 4)


def test_an_interrupt_before_a_point_is_finished_goes_on() -> None:
    with pytest.raises(KeyboardInterrupt):
        sweep(SCENARIO, {COUNT: [1]}, watch=lambda *_: signal.raise_signal(signal.SIGINT), **FAKE)


def test_files_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot write to"):
        swept({COUNT: [1]}).save(tmp_path / "file")


def swept(what: Any) -> SweepResult:
    return sweep(SCENARIO, what, replications=2, executor=fakes.Fake(by_count))


def test_the_text_is_a_table_of_the_points() -> None:
    figures = [figure("mean"), figure("cost"), figure("cache_hit_ratio")]
    text = rendered(sweep_report(swept({COUNT: [1, 3]}), figures))
    lines = text.splitlines()
    assert lines[0] == "swept: 2 points x 2 replications, seed 7; [95 % interval]"
    assert " ".join(lines[2].split()) == "point instance_count expected mean cost cache hit ratio"
    assert lines[3].split() == ["ms", "USD/h", "%"]
    assert lines[4].split() == ["0", "1", "UNDECIDED", "p99", "10.1", "[9.4,", "10.7]", "0.360", "100", "[69,", "100]"]
    assert lines[5].split()[:4] == ["1", "3", "FAIL", "p99"]
    assert lines[-1] == "none of the 2 points passes; 1 point undecided: more replications may decide"


def test_the_text_ends_with_the_cheapest_point_that_passes() -> None:
    of = SCENARIO.with_({"expect": ["mean < 1 min"]})
    result = sweep(of, {COUNT: [1, 2, 3]}, replications=2, executor=fakes.Fake(by_count))
    text = rendered(sweep_report(result, [figure("p99")]))
    assert {point.verdict for point in result.points} == {"pass"}
    assert re.fullmatch(r"cheapest that passes: 1 host, point 0, \$0.36 an hour", text.splitlines()[-1])


def test_a_price_that_all_types_are_given_names_no_cheapest_one() -> None:
    host = "{instance_type: ml.m5.xlarge, price_per_hour: 0.2 USD, memory: 20 GiB}"
    text = TEXT.replace("{vcpu: 2, memory: 8 GiB, price_per_hour: 0.36 USD}", host)
    of = load_text(text.replace("p99 < 25 ms", "mean < 1 min"))
    fake = fakes.Fake(by_count)
    types = {"endpoint.instance_type": ["ml.m5.xlarge", "ml.m5.2xlarge"]}
    text = rendered(sweep_report(sweep(of, types, replications=2, executor=fake), [figure("p99")]), width=200)
    assert "every instance type has the endpoint.memory and the endpoint.price_per_hour that the scenario gives" in text
    why = "one price is given for all types: endpoint.prices has one for each"
    assert text.splitlines()[-1] == f"passes: point 0, point 1 ({why})"
    text = rendered(sweep_report(sweep(of, {COUNT: [1, 2]}, replications=2, executor=fake), [figure("p99")]), width=200)
    assert "every instance type" not in text
    assert "cheapest that passes: 1 x ml.m5.xlarge" in text


def test_a_wide_table_fits_the_terminal() -> None:
    figures = shown_in("sweep")
    result = swept(
        {COUNT: [1, 3], "endpoint.router.policy": ["sticky", "least_outstanding"], "clients.timeout": ["9 s"]}
    )
    for width in (60, 80, 120):
        text = rendered(sweep_report(result, figures), width=width)
        assert max(map(len, text.splitlines())) <= width
        assert {name for one in figures for name in one.name.split("_")} <= set(text.replace("_", " ").split())


def test_a_dash_has_its_reason() -> None:
    of = load_text(TEXT.replace("p99 < 25 ms", "p99 warm < 25 ms"))
    result = sweep(of, {COUNT: [1]}, replications=2, executor=fakes.Fake(no_answer))
    text = rendered(sweep_report(result, [figure("p99")]))
    assert "- in p99: no successful call" in text.splitlines()
    assert "- in p99 warm: no successful warm call" in text.splitlines()


def test_an_unknown_metric_is_told() -> None:
    assert figure("p99") is figure("p99_ms")
    with pytest.raises(UserError, match=r"unknown metric 'p98': one of mean, p50, .* \(did you mean p9"):
        figure("p98")


@pytest.mark.parametrize(
    "what",
    [
        {COUNT: [1, 2, 3]},
        {"endpoint.eviction": ["lru", "lfu"]},
        GRID,
        {COUNT: [1, 2], "endpoint.eviction": ["lru", "lfu"]},
        [{COUNT: i, "models.m.memory": f"{10 * i} MB"} for i in range(1, 6)],
    ],
)
def test_plots_are_drawn_and_the_same_each_time(what: Any, tmp_path: Path) -> None:
    result = swept(what)
    for name in ("one.png", "other.png", "one.svg", "other.svg"):
        write_plot(result.plot("mean"), tmp_path / name)
    image = imread(tmp_path / "one.png")
    assert image.shape[0] > 500
    assert image.std() > 0.02
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "other.png").read_bytes()
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()


def test_a_plot_shows_line_band_and_labels_with_units() -> None:
    axes = swept({"models.m.memory": ["20 MB", "10 MB"], COUNT: [1]}).plot("mean").axes[0]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("m memory [MB]", "instance count")
    axes = swept({COUNT: [3, 1]}).plot("mean").axes[0]
    assert axes.lines[0].get_xdata().tolist() == [1, 3]  # type: ignore[union-attr]
    assert axes.lines[0].get_ydata() == pytest.approx([10.05, 30.05])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("instance count", "mean latency [ms]")
    assert len(axes.collections) == 1


def test_a_plot_shows_the_limit_and_which_points_pass() -> None:
    result = swept({COUNT: [1, 2, 3]})
    plot = result.plot("p99")
    axes = plot.axes[0]
    verdicts = [point.verdict for point in result.points]
    assert verdicts == ["undecided", "undecided", "fail"]  # five calls decide little
    lines = {line.get_label(): np.asarray(line.get_xydata()) for line in axes.lines}
    assert lines["limit 25 ms"][:, 1].tolist() == [25.0, 25.0]
    assert lines["undecided: p99 < 25 ms"][:, 0].tolist() == [1, 2]
    assert lines["a limit is missed: p99 < 25 ms"][:, 0].tolist() == [3]
    written = {text.get_text() for text in plot.legends[0].get_texts()}
    assert written >= {"limit 25 ms", "a limit is missed: p99 < 25 ms"}
    cells = [text.get_text() for text in swept(GRID).plot("p99").axes[0].texts]
    assert all(cell.endswith(" ?") for cell in cells)


def test_a_plot_names_only_the_limits_that_made_the_verdict_and_not_too_many() -> None:
    result = swept({COUNT: [3]})
    (point,) = result.points
    limits = ("p99 of m < 1 s", "p50 < 1 s", "mean < 1 s")
    for failed, words in ((limits[:1], limits[0]), (limits, "p99 of m < 1 s, p50 < 1 s and 1 more")):
        of = replace(result, points=(replace(point, verdict="fail", failed=failed, not_passed=limits),))
        written = [text.get_text() for text in of.plot("mean").legends[0].get_texts()]
        assert f"a limit is missed: {words}" in written


def test_a_band_that_cannot_be_seen_is_said_to_be_narrow() -> None:
    result = swept({COUNT: [1, 3]})
    for half_width, label in ((0.001, "95 % interval, narrower than the line"), (5.0, "95 % interval")):
        points = [
            replace(one, figures={**one.figures, "mean_ms": Estimate(10.0 * one.number + 10.0, ends)})
            for one in result.points
            for middle in [10.0 * one.number + 10.0]
            for ends in [(middle - half_width, middle + half_width)]
        ]
        plot = replace(result, points=tuple(points)).plot("mean")
        assert label in [text.get_text() for text in plot.legends[0].get_texts()]


@pytest.mark.parametrize(
    "limits", [["p99 of a-group-of-models < 1 s"], ["p99 of a-group-of-models < 1 s", "p50 < 1 s"]]
)
def test_a_legend_is_no_wider_than_its_picture(limits: list[str]) -> None:
    result = swept({COUNT: [1, 3]})
    points = [replace(one, verdict="fail", failed=tuple(limits)) for one in result.points]
    plot = replace(result, points=tuple(points)).plot("p99")
    plot.canvas.draw()
    box = plot.legends[0].get_window_extent()
    assert (box.x0, box.x1) == pytest.approx((350.0, 350.0), abs=350.0)


@pytest.mark.parametrize(("counts", "scale"), [([1, 9], "linear"), ([1, 40], "log")])
def test_values_that_are_far_apart_have_a_logarithmic_scale(counts: list[int], scale: str) -> None:
    assert swept({COUNT: counts}).plot("mean").axes[0].get_yscale() == scale
    heat_map, bar = swept({COUNT: counts, "endpoint.eviction": ["lru", "lfu"]}).plot("mean").axes
    assert isinstance(heat_map.images[0].norm, LogNorm) == (scale == "log")
    assert bar.get_yscale() == scale


def test_what_cannot_be_plotted_is_told(tmp_path: Path) -> None:
    three = {**GRID, "endpoint.eviction": ["lru"]}
    with pytest.raises(UserError, match="a plot shows one or two swept fields, not 3"):
        swept(three).plot()
    with pytest.raises(UserError, match="there is no p99 latency to plot: no successful call"):
        sweep(SCENARIO, {COUNT: [1]}, replications=2, executor=fakes.Fake(no_answer)).plot()
    with pytest.raises(UserError, match=r"a plot is written as \.png, \.svg or \.pdf"):
        write_plot(swept({COUNT: [1]}).plot(), tmp_path / "plot.gif")


def test_a_sweep_shows_itself_in_a_notebook() -> None:
    result = swept({COUNT: [1, 2]})
    assert result._repr_html_().count("<tr") == 6  # a head and two points, in two tables below each other
    assert repr(result) == f"SweepResult('swept', 2 of 2 points, ['{COUNT}'])"


def test_a_run_that_is_too_short_says_how_long_it_has_to_be_also_from_the_store(tmp_path: Path) -> None:
    text = """
name: short
endpoint: {vcpu: 4, memory: 16 GiB}
models: [{name: m, count: 3, artifact_size: 1 MB, memory: 10 MB, weight: 1, service: {cpu: 5 ms}}]
traffic: [{arrivals: {poisson: {rate: 1 /s}}, popularity: weights}]
run: {duration: 20 s, warmup: auto, replications: 2}
"""
    points = [{"run.duration": "20 s"}]
    first, again = (sweep(load_text(text), points, store=tmp_path / "s.sqlite") for _ in range(2))
    assert again.simulated == 0
    for found in (first, again):
        (point,) = found.points
        assert point.steady_state.verdict == "too short"
        assert point.steady_state.run_at_least_s is not None
        assert point.steady_state.run_at_least_s > 20.0
        assert found.table["run_at_least_s"].to_pylist() == [point.steady_state.run_at_least_s]
