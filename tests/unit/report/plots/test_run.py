"""The pictures of a run: what is drawn is what the summary says, and no name in them does harm."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation, Text

from mmesim.errors import UserError
from mmesim.report import formats
from mmesim.report.plots.latency import latency
from mmesim.report.plots.ledger import BANDS, ledger
from mmesim.report.plots.of_result import Plots
from mmesim.report.plots.of_run import DRAW
from mmesim.report.plots.picture import BLUE, MARKS, RED, write_plot
from mmesim.report.plots.plan import pareto
from mmesim.results.folder.pictures import FORMATS, OF_RUN
from mmesim.results.folder.shown import Kept
from mmesim.results.result import Result
from mmesim.scenario import Scenario
from mmesim.scenario.figures import quantile_shares
from tests.helpers.planned import planned
from tests.unit.report.page.test_other_pages import compared, sweep
from tests.unit.report.page.test_page import HOSTILE, result
from tests.unit.results.synthetic import Call, replications, scenario

FORMULAS = (r"costs $5 or $\frac{1}{2}$", "$", r"\$x_1$", "漢字")


@pytest.fixture(scope="module")
def run() -> Result:
    return result(scenario(["p99 < 500 ms", "p50 < 21 ms", "error_rate < 1 %"], run={"replications": 2}))


@pytest.fixture(scope="module")
def kept(run: Result, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return Kept.read(run.save(tmp_path_factory.mktemp("run") / "result"))


def texts(figure: Figure) -> list[str]:
    """Everything that is written in a picture."""
    figure.canvas.draw()
    return [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text)]


def line(axes: Axes, gid: str) -> Line2D:
    return next(one for one in axes.lines if one.get_gid() == gid)


def at(drawn: Line2D) -> tuple[float, float]:
    """Where its first point is."""
    x, y = (np.asarray(data, dtype=np.float64) for data in drawn.get_data())
    return float(x[0]), float(y[0])


def test_every_picture_has_a_name_a_sentence_and_a_method() -> None:
    methods = {name for name in vars(Plots) if not name.startswith("_") and name != "of"}
    assert set(DRAW) == set(OF_RUN) == methods


def test_a_notebook_lists_the_pictures_as_calls(run: Result) -> None:
    html = run.plot._repr_html_()
    assert all(f"<code>plot.{name}()</code>: {says}" in html for name, says in OF_RUN.items())


@pytest.mark.parametrize("name", DRAW)
def test_a_result_and_its_folder_give_the_same_bytes(name: str, run: Result, kept: Kept, tmp_path: Path) -> None:
    drawn = getattr(run.plot, name)(), DRAW[name](kept)
    for suffix in FORMATS if name == "ledger" else (".svg",):
        files = [tmp_path / f"{number}{suffix}" for number in range(2)]
        for picture, file in zip(drawn, files, strict=True):
            write_plot(picture, file)
        assert files[0].read_bytes() == files[1].read_bytes()
    assert "<dc:date>" not in (tmp_path / "0.svg").read_text(encoding="utf-8")


def test_percentiles_lie_on_the_curve_with_their_values_and_intervals(run: Result) -> None:
    axes = latency(run).axes[0]
    written = [text.get_text() for text in axes.texts]
    for name, estimate in run.summary["latency_ms"].items():
        shares = quantile_shares(name)
        if shares is not None and estimate["value"] is None:
            assert "not known" in written
        elif shares is not None:
            assert at(line(axes, name)) == (estimate["value"], shares[1])
            assert formats.both(estimate, " ms") in written


def test_the_curve_passes_through_the_share_over_the_limit(run: Result) -> None:
    axes = latency(run).axes[0]
    whole = next(one for one in axes.lines if one.get_label() == "all calls")
    x, y = (np.asarray(data) for data in whole.get_data())
    beyond = run.summary["share_over"]["500 ms"]["successful"]["value"]
    assert y[x <= 500.0][-1] == pytest.approx(beyond)
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")  # 20 and 930 ms


def test_every_decade_of_the_percentiles_has_its_mark(run: Result) -> None:
    axes = latency(run).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["all", "p50", "p90", "p95", "p99", "p99.9"]
    calls = run.summary["requests"]["ok"]
    assert axes.get_yticks()[-1] == pytest.approx(1e-3)
    assert 1.0 / calls > axes.get_ylim()[0] > 1e-4


def test_a_limit_is_drawn_at_its_value_and_its_verdict_is_a_shape(run: Result) -> None:
    figure = latency(run)
    axes = figure.axes[0]
    dashed = [at(one)[0] for one in axes.lines if one.get_linestyle() == "--" and one.get_color() == RED]
    assert dashed == [21.0, 500.0]
    for text, limit_ms, share in (("p99 < 500 ms", 500.0, 0.01), ("p50 < 21 ms", 21.0, 0.5)):
        verdict = next(entry["verdict"] for entry in run.summary["expect"] if entry["text"] == text)
        mark = line(axes, text)
        assert at(mark) == (limit_ms, share)
        assert (mark.get_marker(), mark.get_color()) == MARKS[verdict]
    assert {entry["verdict"] for entry in run.summary["expect"][:2]} == {"pass", "fail"}
    assert [text.get_text() for text in figure.legends[0].get_texts()][-2:] == [
        "p99 < 500 ms: FAIL",
        "p50 < 21 ms: pass",
    ]


def test_failed_calls_are_said_since_the_curves_are_without_them(run: Result) -> None:
    share = run.summary["error_rate"]["value"]
    assert share > 0.001
    assert f"{formats.share(share)} of calls failed" in latency(run).axes[0].get_title(loc="left")


def test_a_band_of_ten_times_the_latency_has_a_bar_ten_times_as_long(run: Result) -> None:
    lengths, shares = ledger(run).axes
    found = run.summary["ledger_ms"]
    bars = [bar.get_width() for bar in lengths.patches if isinstance(bar, Rectangle)]
    assert lengths.get_xscale() == "log"  # 20 and 930 ms: the short one is seen, too
    assert lengths.get_xlim()[0] < min(bars)
    assert bars == [found[band]["mean"] for band in BANDS if found[band]["mean"]]
    assert max(bars) > 10.0 * min(bars)
    ends = [bar.get_x() + bar.get_width() for bar in shares.patches if isinstance(bar, Rectangle)]
    assert max(ends) == pytest.approx(100.0)


def test_models_stand_at_their_calls_and_their_p99_by_whether_they_meet_the_limits(run: Result) -> None:
    fast, cold = run.plot.models().axes
    table = run.models
    drawn = {one.get_label(): one for one in fast.lines}
    slow = table[table["meets_slo"] == False].iloc[0]  # noqa: E712  # a column with None
    assert at(drawn["they do not (1)"]) == (slow["calls"], slow["p99_ms"])
    assert drawn["they do not (1)"].get_marker() == MARKS["fail"][0]
    assert fast.get_yscale() == "log"
    shares = run.summary["tenants"]["cold_share"]
    assert [at(line(cold, key))[1] for key in ("p50", "p90")] == [
        100.0 * shares[key]["value"] for key in ("p50", "p90")
    ]


def test_hosts_have_their_use_and_their_limits(run: Result) -> None:
    panels = run.plot.hosts().axes
    for axes, key in zip(panels, ("cpu_utilization", "memory_utilization", "disk_utilization"), strict=True):
        bars = [bar.get_width() for bar in axes.patches if isinstance(bar, Rectangle)]
        assert bars == [100.0, pytest.approx(100.0 * run.summary[key]["value"])]
    label = next(one for one in panels[1].texts if isinstance(one, Annotation))
    tick = next(one for one in panels[1].lines if one.get_marker() == "|")
    assert label.get_horizontalalignment() == "right" or label.xy[0] >= at(tick)[0]  # beside the tick, not under it
    endpoint = run.scenario.endpoint
    share = endpoint.usable_memory_bytes / endpoint.host.memory_bytes
    limits = [next(one for one in axes.lines if one.get_linestyle() == "--") for axes in panels]
    assert [at(one)[0] for one in limits] == [100.0, pytest.approx(100.0 * share), 100.0]


def test_misses_are_drawn_over_memory_with_what_was_measured(run: Result) -> None:
    axes = run.plot.miss_ratio().axes[0]
    measured = next(one for one in axes.lines if str(one.get_label()).startswith("measured"))
    assert at(measured)[1] == pytest.approx(100.0 - 100.0 * run.summary["cache_hit_ratio"]["value"])
    left, right = axes.get_xlim()
    assert left < at(measured)[0] < 0.97 * right  # its mark is seen whole
    uncached = result(scenario(endpoint={"model_cache": "disabled"}, run={"replications": 2}))
    with pytest.raises(UserError, match="not kept in memory"):
        uncached.plot.miss_ratio()


def named() -> Scenario:
    each = {"artifact_size": 10**6, "memory": 10**7, "service": {"cpu": 0.01}}
    return scenario(
        ["p99 < 2 s"], models=[{"name": name, **each} for name in (*HOSTILE, *FORMULAS)], name="".join(FORMULAS)
    )


@pytest.mark.parametrize("name", ["latency", "ledger", "models"])
def test_names_do_no_harm(name: str, tmp_path: Path) -> None:
    of = named()
    calls = [Call(0.02 * (1 + i), model=i % len(of.model_table())) for i in range(60)]
    picture = DRAW[name](Result(of, replications(of, calls)))
    written = texts(picture)
    assert any(text.startswith(FORMULAS[0]) for text in written) or name == "models"
    assert not any(re.search("[\u202a-\u202e\u2066-\u2069]", text) for text in written)
    assert max(max(map(len, text.split("\n")), default=0) for text in written) < 160
    write_plot(picture, tmp_path / "x.svg")
    assert not re.search(r"<script|<img|onerror=alert\(1\)>(?!\s*--)", (tmp_path / "x.svg").read_text(encoding="utf-8"))


def test_a_run_without_an_answer_says_so() -> None:
    of = scenario(["p99 < 500 ms"])
    failed = Result(of, replications(of, [Call(0.01, cause="queue_full")] * 20))
    assert "no call was successful" in texts(failed.plot.latency())
    assert "no successful call" in texts(failed.plot.ledger())
    assert "no call was successful" in texts(failed.plot.models())
    assert BLUE != RED


def test_no_name_is_a_formula_in_the_other_pictures() -> None:
    name = FORMULAS[0]
    plan = pareto(planned().model_copy(update={"name": name}))
    for picture in (sweep(name).plot("p99"), compared(name).plot(), plan):
        assert any(name in text for text in texts(picture))
