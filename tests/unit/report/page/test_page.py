"""The page of a run: every section with the figures of the summary, and nothing in it that could do harm."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as some
from markupsafe import escape

from mmesim import run
from mmesim.errors import UserError
from mmesim.report import formats
from mmesim.report.content.page import in_one, run_chapters
from mmesim.report.content.verdict import answer
from mmesim.report.markdown import markdown
from mmesim.report.page.distribution import distribution, of_table
from mmesim.report.page.document import as_script, document
from mmesim.report.page.over_time import columns, over_time
from mmesim.report.page.run import SERIES, models_data, run_page, time_chart, time_charts
from mmesim.report.text import text
from mmesim.results.folder.shown import Kept
from mmesim.results.result import Result
from mmesim.scenario import Scenario
from mmesim.scenario.file.dump import dump
from tests.helpers.page import Page, digest
from tests.helpers.texts import load_text
from tests.unit.experiment.test_diff import TEXT
from tests.unit.results.synthetic import Call, replications, scenario, windows

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "'\"&amp;",
    "=cmd|' /C calc'!A0",
    "two\nlines",
    "\u202egnitirw\u2066",
    "x" * 300,
)
SECTIONS = [
    "verdict",
    "latency",
    "ledger",
    "tenants",
    "cache",
    "utilization",
    "workers",
    "errors",
    "models",
    "cost",
    "findings",
    "robustness",
    "assumptions",
    "scenario",
]
CALLS = [*[Call(0.02)] * 900, *[Call(0.03, model=1, load_wait=0.9, load=i) for i in range(95)]]
CALLS += [Call(0.05, cause="queue_full")] * 5


def result(of: Scenario | None = None, **changes: object) -> Result:
    base = of or scenario(["p99 < 500 ms", "p50 < 10 ms"], run={"replications": 2})
    minutes = windows(ClientLatency=np.array([2e4, np.nan]), ClientLatency_SampleCount=np.array([10.0, 0.0]))
    return Result(base, replications(base, CALLS, CALLS, windows=minutes, **changes))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return Kept.read(result().save(tmp_path_factory.mktemp("run") / "result"))


@pytest.fixture(scope="module")
def page(kept: Kept) -> Page:
    return Page(run_page(kept))


def hostile() -> Scenario:
    models = [{"name": name, "artifact_size": 10**6, "memory": 10**7, "service": {"cpu": 0.01}} for name in HOSTILE]
    return scenario(["p99 < 2 s"], models=models, name=HOSTILE[0])


def test_every_section_is_there_in_order(page: Page) -> None:
    assert list(page.sections) == SECTIONS
    links = [value for tag, name, value in page.attributes if (tag, name) == ("a", "href")]
    assert links == ["#main", *(f"#{anchor}" for anchor in SECTIONS)]


def test_the_figures_are_those_of_the_summary(page: Page, kept: Kept) -> None:
    summary = kept.summary
    for estimated in summary["latency_ms"].values():
        assert formats.value(estimated) in page.sections["latency"]
        assert formats.interval(estimated) in page.sections["latency"]
        assert formats.reason(estimated) in page.sections["latency"]
    for band in ("p50", "p90", "p99", "p99.9"):
        if summary["ledger_ms"][band]["mean"] is not None:
            assert formats.number(summary["ledger_ms"][band]["mean"]) in page.sections["ledger"]
    assert formats.percent(summary["cache_hit_ratio"]) in page.sections["cache"]
    assert formats.percent_value(summary["cpu_utilization"]) in page.sections["utilization"]
    assert formats.percent_value(summary["workers"]["utilization"]) in page.sections["workers"]
    assert formats.percent_value(summary["tenants"]["cold_share"]["worst"]) in page.sections["tenants"]
    assert f"queue_full {summary['requests']['errors']['queue_full']}" in page.sections["errors"]
    assert "$0.36 an hour" in page.sections["cost"]
    for finding in summary["findings"]:
        assert finding["text"] in page.sections["findings"]
    assert kept.provenance.scenario_sha256 in page.sections["scenario"]
    assert answer(summary).startswith("FAIL: ")
    assert escape(answer(summary)) in page.text


def test_text_and_markdown_say_the_same(kept: Kept, page: Page) -> None:
    chapters = in_one(run_chapters(kept))
    for shown in (text(chapters, width=1000), markdown(chapters)):
        for estimated in kept.summary["latency_ms"].values():
            assert formats.value(estimated) in shown
        assert kept.provenance.scenario_sha256 in shown
        assert "endpoint.router.policy" in shown
    assert "# Findings\n\n- " in markdown(chapters)


def test_nothing_but_its_own_scripts_and_style_is_allowed_or_loaded(page: Page) -> None:
    policy = page.policy
    code = [content for kind, content in page.scripts if kind != "application/json"]
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == [digest(content) for content in code]
    assert policy["style-src"] == [digest(content) for content in page.styles]
    assert len(code) == 3
    assert list(page.loads()) == []
    assert not [name for _, name, _ in page.attributes if name == "style" or name.startswith("on")]
    assert not set(page.tags) & {"link", "img", "iframe", "object", "embed", "form", "base"}


def test_the_licences_of_the_libraries_go_with_them(page: Page) -> None:
    for author in ("Leon Sorokin", "SpryMedia Limited"):
        assert author in page.text
    assert page.text.count("Permission is hereby granted") == 2


def test_what_happened_is_a_section_with_marks_in_the_charts_where_anything_did(tmp_path: Path, page: Page) -> None:
    assert "happened" not in page.sections
    of = load_text(TEXT).with_({"run.duration": "2 min", "faults": FAULTS})
    shown = Page(run_page(Kept.read(run(of).save(tmp_path / "result"))))
    assert list(shown.sections) == [*SECTIONS[:3], "happened", *SECTIONS[3:]]
    assert "at what happened 30 s fault slow: host 1 60 s fault-over slow" in shown.sections["happened"]
    marked = [{limit["label"] for limit in chart["limits"]} for chart in shown.data["charts"]]
    assert {"measured from here", "fault slow", "fault-over slow"} in marked


FAULTS = [{"name": "slow", "slow_instance": {"instance": 1, "factor": 2, "for": "30 s"}, "at": "30 s"}]


def test_hostile_names_do_no_harm(tmp_path: Path, page: Page) -> None:
    calls = [Call(0.02, model=index % len(HOSTILE)) for index in range(100)]
    of = hostile()
    minutes = result().runs[0].windows
    kept = Kept.read(Result(of, replications(of, calls, windows=minutes)).save(tmp_path / "result"))
    shown = Page(run_page(kept))
    assert set(shown.tags) <= set(page.tags)
    assert len(shown.scripts) == len(page.scripts)
    assert not [name for _, name, _ in shown.attributes if name.startswith("on")]
    assert HOSTILE[0] in shown.sections["scenario"]  # as a word, not as an element
    for character in "\u202e\u2066":
        assert character not in shown.text
    named = [row[0] for row in shown.data["models"]["rows"]]
    assert named == [*HOSTILE[:4], "two\\nlines", "\\u202egnitirw\\u2066", "x" * 300]


@given(some.recursive(some.text() | some.floats(allow_nan=False, allow_infinity=False), lambda of: some.lists(of)))
def test_data_is_read_back_and_ends_no_element(data: object) -> None:
    written = str(as_script({"key": data}))
    assert json.loads(written) == {"key": data}
    assert not set(written) & set("<>&\u2028\u2029")


def test_a_page_without_charts_or_models_carries_no_library() -> None:
    found = Page(document("a", "b", "plain", [], {}))
    assert [kind for kind, _ in found.scripts] == ["application/json", ""]
    assert found.policy["script-src"] == [digest(found.scripts[1][1])]


def test_ten_thousand_models_are_at_most_five_megabytes() -> None:
    rng = np.random.default_rng(1)
    figures = {name: rng.random(10_000) for name in ("cold_share", "mean_ms", "p50_ms", "p99_ms", "share_over 500 ms")}
    names = [f"a-rather-long-name-of-a-tenant-{number:06d}" for number in range(10_000)]
    table = pa.table({"model": names, "group": names, "calls": np.arange(10_000), "ok": np.arange(10_000), **figures})
    assert len(document("a", "b", "plain", [], {"models": models_data(table)}).encode()) < 5e6


def test_the_distribution_agrees_with_the_summary_at_each_limit(kept: Kept) -> None:
    chart = distribution(of_table(kept.tables["histograms"]), kept.scenario.latency_limits_s, 10.0)
    assert chart is not None
    curve = chart.curves[0]
    assert curve.label == "all calls"
    within = dict(zip(chart.points.tolist(), curve.values.tolist(), strict=True))
    assert within[500.0] == pytest.approx(kept.summary["share_over"]["500 ms"]["successful"]["value"])
    assert [label for _, _, label in chart.limits] == ["limit 10 ms", "limit 500 ms"]


def test_a_chart_over_time_holds_each_value_until_its_window_ends(page: Page) -> None:
    (latency,) = [chart for chart in page.data["charts"] if "mean" in [one["label"] for one in chart["curves"]]]
    assert latency["steps"]
    assert latency["points"] == [0.0, 1.0, 1.667]  # two minutes begin, and the run ends in the second
    (mean,) = [one for one in latency["curves"] if one["label"] == "mean"]
    assert mean["values"] == [20.0, None, None]
    assert not next(chart for chart in page.data["charts"] if chart["id"] == "chart-distribution")["steps"]


def test_latency_over_time_has_percentiles_of_each_minute_and_the_limits(tmp_path: Path) -> None:
    mean, p50, p99 = (np.array([1e3 * ms, np.nan]) for ms in (20, 10, 700))
    minutes = windows(
        ClientLatency=mean,
        ClientLatency_p50=p50,
        ClientLatency_p99=p99,
        ClientLatency_SampleCount=np.array([9.0, 0.0]),
    )
    of = scenario(["p99 < 500 ms", "p95 < 500 ms", "p50 < 10 ms"], run={"replications": 2})
    data = replications(of, CALLS, CALLS, windows=minutes)
    page = Page(run_page(Kept.read(Result(of, data).save(tmp_path / "result"))))
    (chart,) = [one for one in page.data["charts"] if one["curves"][-1]["label"] == "p99"]
    assert {one["label"]: one["values"][0] for one in chart["curves"]} == {"p50": 10.0, "mean": 20.0, "p99": 700.0}
    assert [(one["value"], one["label"]) for one in chart["limits"] if one["axis"] == "y"] == [
        (10.0, "limit 10 ms of p50"),
        (500.0, "limit 500 ms of p99, p95"),
    ]
    labels = [value or "" for _, name, value in page.attributes if name == "aria-label"]
    (said,) = [label for label in labels if label.startswith("Latency over time, minute by minute, ms: ")]
    assert said.endswith("dashed: limit 10 ms of p50; dashed: limit 500 ms of p99, p95")


def test_a_percentile_of_several_minutes_is_called_the_mean_that_it_is() -> None:
    starts = 60.0 * np.arange(400)
    batch = {"start_s": starts} | {name: np.full(400, 1e3) for name in columns(SERIES)[1:]}
    found = over_time([batch], SERIES, 24_000.0, 60.0)
    chart = time_chart(time_charts(scenario(), 60.0, found.each)[0], found, [], "chart")
    assert chart is not None
    assert [one.label for one in chart.curves] == ["p50 of a minute, on average", "mean", "p99 of a minute, on average"]
    assert chart.title == "Latency over time, 2 minutes a point, ms"


def test_a_deploy_of_other_hosts_is_why_the_calls_themselves_tell_no_misses(tmp_path: Path) -> None:
    bigger = {"at": 50.0, "to": {"endpoint.memory": "16 GiB"}}
    of = load_text(dump(scenario(deploys=[bigger])))
    page = Page(run_page(Kept.read(Result(of, replications(of, CALLS)).save(tmp_path / "result"))))
    assert "; a deploy brings hosts with another memory" in page.sections["cache"]
    assert "recorded" not in page.sections["cache"]


def test_attempts_are_not_drawn_as_answered_calls(page: Page, kept: Kept) -> None:
    (chart,) = [one for one in page.data["charts"] if one["curves"][-1]["label"] == "attempts"]
    (column,) = [batch["ClientLatency_SampleCount"] for batch in kept.windows(["start_s", "ClientLatency_SampleCount"])]
    answered = chart["curves"][0]
    assert (answered["label"], answered["values"][0]) == ("answered well", pytest.approx(column[0] / 60.0, rel=1e-3))


def test_limits_far_from_every_call_are_on_the_axis_of_the_distribution(kept: Kept) -> None:
    chart = distribution(of_table(kept.tables["histograms"]), (0.001, 20.0), 1.0)
    assert chart is not None
    assert chart.points[0] < 1.0
    assert chart.points[-1] > 20_000.0


@given(some.integers(1, 2000), some.integers(1, 3))
def test_stretches_of_time_hold_every_window_once(count: int, times: int) -> None:
    rng = np.random.default_rng(count)
    batches = [{"start_s": np.arange(0.0, 60.0 * count, 60.0), "value": rng.random(count)} for _ in range(times)]
    found = over_time(batches, {"value": None}, 60.0 * count, 60.0)
    assert len(found.start_s) <= 360
    values = np.concatenate([batch["value"] for batch in batches])
    series = found.series["value"]
    assert (np.nanmin(series.least), np.nanmax(series.most)) == (values.min(), values.max())
    assert (series.least <= series.mean + 1e-12).all()
    assert (series.mean <= series.most + 1e-12).all()


def test_a_mean_weighs_windows_by_their_samples() -> None:
    batch = {"start_s": np.array([0.0, 60.0]), "value": np.array([1.0, np.nan]), "samples": np.array([3.0, 0.0])}
    other = {"start_s": np.array([0.0, 60.0]), "value": np.array([5.0, np.nan]), "samples": np.array([1.0, 0.0])}
    series = over_time([batch, other], {"value": "samples"}, 120.0, 60.0).series["value"]
    assert series.mean[0] == 2.0
    assert np.isnan([series.mean[1], series.least[1], series.most[1]]).all()


def test_calls_of_a_minute_that_the_end_cuts_short_are_no_fall_of_their_rate() -> None:
    batch = {"start_s": np.array([0.0, 60.0]), "calls": np.array([600.0, 400.0]), "busy": np.array([0.5, 0.5])}
    series = over_time([batch], {"calls": None, "busy": "calls"}, 100.0, 60.0, ["calls"]).series
    assert (series["calls"].mean.tolist(), series["calls"].most.tolist()) == ([600.0, 600.0], [600.0, 600.0])
    assert series["busy"].mean.tolist() == [0.5, 0.5]


def test_a_folder_that_is_no_result_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is not the result folder of a run: it has no summary\.json"):
        Kept.read(tmp_path)


def test_a_folder_that_lacks_a_file_says_which(tmp_path: Path) -> None:
    folder = result().save(tmp_path / "result")
    (folder / "histograms.parquet").unlink()
    with pytest.raises(UserError, match=r"has no histograms\.parquet: run the scenario again"):
        Kept.read(folder)


def test_a_folder_of_another_version_is_refused(tmp_path: Path) -> None:
    folder = result().save(tmp_path / "result")
    summary = json.loads((folder / "summary.json").read_text())
    del summary["tenants"]
    (folder / "summary.json").write_text(json.dumps(summary))
    with pytest.raises(UserError, match=r"cannot be read by mmesim .*: 1 key differs: run the scenario again"):
        Kept.read(folder)
