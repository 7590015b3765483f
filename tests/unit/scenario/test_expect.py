"""The grammar of `expect`: what is understood, what is refused and with which words."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mmesim import units
from mmesim.scenario.expectations import contradictions, never
from mmesim.scenario.file.dump import dump
from mmesim.scenario.run.expect import read_expectation
from mmesim.scenario.run.expected import EXPECTED, OF_CALLS
from mmesim.scenario.values.fields import Refused
from tests.helpers.texts import load_text
from tests.unit.results.synthetic import scenario


@pytest.mark.parametrize(
    ("text", "metric", "kind", "limit", "meaning"),
    [
        ("p99 < 500 ms", "p99", "ms", 0.5, "below 1 % of all calls are slower than 500 ms or fail"),
        ("p99.9<=0.5s", "p99.9", "ms", 0.5, "at most 0.1 % of all calls are slower than 500 ms or fail"),
        ("mean < 0.2 s", "mean", "ms", 0.2, "mean latency: below 200 ms"),
        ("error_rate < 0.1 %", "error_rate", "share", 0.001, "error rate: below 0.1 %"),
        ("cache_hit_ratio >= 95%", "cache_hit_ratio", "share", 0.95, "cache hit ratio: at least 95 %"),
        ("loads < 6000 /h", "loads", "rate", 6000 / 3600, "rate of model loads: below 6,000 /h"),
        ("unloads < 0.5/ms", "unloads", "rate", 500.0, "rate of model unloads: below 0.5 /ms"),
        ("loads <= 0", "loads", "rate", 0.0, "rate of model loads: at most 0 /d"),
        ("throughput > 100 /s", "throughput", "rate", 100.0, "throughput: above 100 /s"),
        ("loads < 200 /h", "loads", "rate", 200 / 3600, "rate of model loads: below 200 /h"),
        (
            "requests.errors.load_timeout <= 2 /d",
            "requests.errors.load_timeout",
            "rate",
            2 / 86400,
            "rate of calls that failed with load_timeout: at most 2 /d",
        ),
        ("cost.month < 1000 USD", "cost.month", "usd", 1000.0, "cost per month: below 1,000 USD"),
        (
            "pids.peak < 30000",
            "pids.peak",
            "count",
            30000.0,
            "most processes and threads on one host at once: below 30,000",
        ),
        (
            "pids.peak < 80 % of limit",
            "pids.peak",
            "share",
            0.8,
            "most processes and threads on one host at once, as a share of endpoint.pid_limit: below 80 %",
        ),
        ("ledger.p99.9.load < 1 s", "ledger.p99.9.load", "ms", 1.0, "mean load of the calls around p99.9: below 1 s"),
        (
            "ledger.all.queue < 30 %",
            "ledger.all.queue",
            "share",
            0.3,
            "queue as a share of the latency of all calls: below 30 %",
        ),
        ("p99 warm < 500 ms", "p99", "ms", 0.5, "below 1 % of the warm calls are slower than 500 ms or fail"),
        (
            "p99 cold of a b in 8 h .. 9 h < 5 s",
            "p99",
            "ms",
            5.0,
            "below 1 % of the cold calls of a b from 8 h to 9 h are slower than 5 s or fail",
        ),
        (
            "p90 of m in every 5 min <= 1 s",
            "p90",
            "ms",
            1.0,
            "in every 5 min, at most 10 % of the calls of m are slower than 1 s or fail",
        ),
        (
            "error_rate in 0..30 min < 1 %",
            "error_rate",
            "share",
            0.01,
            "error rate of all calls from 0 s to 30 min: below 1 %",
        ),
        ("max warm of m < 1 s", "max", "ms", 1.0, "no warm call of m is slower than 1 s or fails"),
        (
            "max cold in every 5 min > 1 s",
            "max",
            "ms",
            1.0,
            "in every 5 min, at least one cold call is slower than 1 s or fails",
        ),
        ("max < 1 s", "max", "ms", 1.0, "max latency: below 1 s"),
        ("mean warm < 20 ms", "mean", "ms", 0.02, "mean latency of the warm calls: below 20 ms"),
        ("tenants.meet_slo >= 99 %", "tenants.meet_slo", "share", 0.99, "models that meet every limit: at least 99 %"),
    ],
)
def test_a_limit_is_understood(text: str, metric: str, kind: str, limit: float, meaning: str) -> None:
    e = read_expectation(text)
    assert (e.metric, str(e.kind), e.meaning) == (metric, kind, meaning)
    assert e.limit == pytest.approx(limit, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("error_rate < 1", "1 is not a share without `%`: write `error_rate < 1 %` or `error_rate < 100 %`"),
        ("error_rate < 0.1", "write `error_rate < 0.1 %` or `error_rate < 10 %`"),
        ("cache_hit_ratio >= 95", "95 is not a share without `%`: write `cache_hit_ratio >= 95 %`"),
        ("tenants.often_cold <= 0", "write `tenants.often_cold <= 0 %`"),
        ("cpu_utilization < 120 %", "a share is at most 100 %"),
        ("pids.peak < 80 %", "write `pids.peak < 80 % of limit`"),
        ("pids.peak < 30 GiB", "write one without a unit, such as 300, or `80 % of limit`"),
        ("ledger.p99.load < 0.3", "'0.3' has no unit"),
        ("p99 < 500", "'500' has no unit"),
        ("p99 < 5 %", "unknown unit '%'"),
        ("loads < 200", "'200' has no unit: write a rate"),
        ("p99 <= 1.5 s of xgb", "`of xgb` stands behind the limit"),
        ("p99 < 1 s in every 5 min", "`in every 5 min` stands behind the limit"),
        ("loads < 200 /h of xgb", "`of xgb` stands behind the limit"),
        ("cost.month < 1000 EUR", "unknown unit 'EUR'"),
        ("p99 warn < 1 s", "'warn' at column 5 means nothing: behind p99 come warm, cold, of, in, after or a limit"),
        ("p99 every 5 minutes < 1 s", "'every' at column 5 means nothing"),
        ("p99 slow < 1 s", "'slow' at column 5 means nothing"),
        ("p99  of m warm < 1 s", "`warm` at column 11 comes too late or twice: write `p99 [warm | cold] [of GROUP]"),
        ("p99 warm cold < 1 s", "`cold` at column 10 comes too late or twice"),
        ("p99 of < 1 s", "`of` at column 5 names no model or group: write `p99 of GROUP`"),
        ("p99 in 8 h < 1 s", "`in` at column 5 names no time: write `p99 in 8 h..9 h` or `p99 in every 5 min`"),
        ("p99 in 8..9 h < 1 s", "`in` at column 5: '8' has no unit"),
        ("p99 in 9 h..8 h < 1 s", "`in` at column 5: 9 h is not before 8 h"),
        ("p99 in every 5 < 1 s", "`in` at column 5: '5' has no unit"),
        ("p99 in every 0 s < 1 s", "`in` at column 5: a window needs a length"),
        ("p99 in every < 1 s", "`in` at column 5: '' is not a time"),
        (
            "throughput warm > 1 /s",
            "`warm` at column 12: throughput is that of all calls; of some",
        ),
        ("tenants.meet_slo of m > 1 %", "`of` at column 18: tenants.meet_slo is that of all calls"),
        ("p99 after < 1 s", "`after` at column 5 names no fault or deploy: write `p99 after NAME`"),
        ("p99 after zone loss < 1 s", "`after` at column 5 names 2 words, and a name is one: write `p99 after NAME`"),
        ("p99 after a in 1 s..2 s < 1 s", "`in` at column 13 comes too late or twice"),
        ("recovery < 5 min", "recovery is that after a fault or a deploy: write `recovery after NAME < 5 min`"),
        ("recovery warm after a < 5 min", "not 'warm' (column 10): write `recovery after NAME < 5 min`"),
        ("recovery after < 5 min", "`after` at column 10 names no fault or deploy"),
        ("recovery after a < 5 %", "limit of recovery: '5 %' has the unknown unit '%'"),
        ("over_time < 5 min", "'over_time' cannot be expected: write `p99 in every 5 min < 1 s` for parts of the run"),
        ("wall_s < 3 s", "unknown figure 'wall_s': one of mean, p50"),
        ("100 ms < p99 < 1 s", "has two comparisons: give each limit a line of its own"),
        ("p99 < 1 s and error_rate < 1 %", "has two comparisons"),
        ("p99 == 1 s", "compare with <, <=, > or >="),
        ("p99 <", "has no limit"),
        ("< 1 s", "has no figure"),
        ("p99", "is not an expectation"),
        (3, "is not an expectation"),
    ],
)
def test_what_is_not_understood_is_refused_with_the_cure(text: object, message: str) -> None:
    with pytest.raises(Refused, match=re.escape(message)):
        read_expectation(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("p99 <= 1.5 s of xgb", "write p99 of xgb <= 1.5 s"),
        ("p99 warm < 1 s of xgb", "write p99 warm of xgb < 1 s"),
        ("error_rate < 1 % cold", "write error_rate cold < 1 %"),
        ("loads < 200 /h of xgb", None),
        ("p99 of a < 1 s warm", None),
    ],
)
def test_calls_that_are_named_behind_the_limit_are_shown_before_it(text: str, hint: str | None) -> None:
    with pytest.raises(Refused) as refused:
        read_expectation(text)
    assert refused.value.hint == hint


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("latency_ms.p99", "write p99"),
        ("latency.p99", "write p99"),
        ("throughput_rps", "write throughput"),
        ("cost.usd_per_month", "write cost.month"),
        ("ledger_ms.p99.load", "write ledger.p99.load"),
        ("eror_rate", "did you mean error_rate?"),
        ("median", "write p50"),
        ("Average", "write mean"),
        ("p100", "write max"),
        ("availability", "write error_rate < 0.1 % for 99.9 %"),
        ("cold_share", "write cache_hit_ratio > 95 % for 5 % of cold calls"),
    ],
)
def test_the_path_in_the_summary_leads_to_the_figure(word: str, hint: str) -> None:
    with pytest.raises(Refused) as refused:
        read_expectation(f"{word} < 1 s")
    assert refused.value.hint == hint


@pytest.mark.parametrize(("sign", "plain"), [("≤", "<="), ("=<", "<="), ("≥", ">="), ("=>", ">=")])
def test_other_signs_of_a_comparison_lead_to_it(sign: str, plain: str) -> None:
    with pytest.raises(Refused, match="is not a comparison: these are <, <=, > and >=") as refused:
        read_expectation(f"p99 warm{sign}1 s")
    assert refused.value.hint == f"write p99 warm {plain} 1 s"


HOST_BY_HAND = ("instance_type: ml.m5.xlarge", "vcpu: 2\n  memory: 8 GiB")


@pytest.mark.parametrize(
    ("line", "change", "message"),
    [
        (
            "pids.peak < 80 % of limit",
            ("instance_type", "pid_limit: null\n  instance_type"),
            "expect.0: compares with endpoint.pid_limit, which is not set",
        ),
        ("cost.month < 1000 USD", HOST_BY_HAND, "expect.0: no price is known for this host"),
        ("p99  of\t a  b < 1 s", ("", ""), "expect.0: there is no model or group 'a b' (column 10)"),
        ("p99 of tenats < 1 s", ("", ""), "expect.0: there is no model or group 'tenats' (column 8)"),
        ("p99 in 30 s..2 min < 1 s", ("", ""), "expect.0: the run ends at 60 s, before this time is over"),
        (
            "p99 in 0..30 s < 1 s",
            ("60 s", "60 s, warmup: 20 s"),
            "expect.0: the first 20 s are warm-up",
        ),
        ("p99 in every 1 ms < 1 s", ("", ""), "expect.0: a run of 60,000 windows; at most 10,000 are counted"),
        ("tenants.meet_slo > 90 %", ("", ""), "expect.0: needs a limit of the latency that models can meet"),
        (
            "p99 > 1 ms', 'tenants.meet_slo > 90 %",
            ("", ""),
            "expect.1: needs a limit of the latency that models can meet",
        ),
    ],
)
def test_a_limit_that_nothing_could_decide_is_refused(problems, base, line, change, message):
    texts = problems(base.replace(*change, 1) + f"expect: ['{line}']\n")
    assert any(message in str(text) for text in texts), texts


LIMITS = {
    "ms": st.floats(0, 1e6).map(units.exact_seconds),
    "share": st.floats(0, 100).map(lambda percent: f"{percent!r} %"),
    "rate": st.floats(0, 1e6).map(units.exact_rate),
    "usd": st.floats(0, 1e9).map(units.exact_usd),
    "count": st.integers(0, 10**6).map(str),
}


CALLS = ("", " warm", " cold", " of m", " in 10 s..20 s", " in every 10 s", " warm of m-001  in every 1 min")


@st.composite
def lines(draw: st.DrawFn) -> str:
    metric = draw(st.sampled_from(sorted(EXPECTED)))
    kind = draw(st.sampled_from(EXPECTED[metric]))
    gap = draw(st.sampled_from(["", " ", "  "]))
    calls = draw(st.sampled_from(CALLS)) if metric in OF_CALLS else ""
    of = " of limit" if (metric, kind) == ("pids.peak", "share") else ""
    return f"{metric}{calls}{gap}{draw(st.sampled_from(['<', '<=', '>', '>=']))}{gap}{draw(LIMITS[kind])}{of}"


@given(lines())
def test_a_line_comes_back_from_its_own_text(line: str) -> None:
    e = read_expectation(line)
    assert read_expectation(e.text) == e
    assert (e.text, e.meaning.strip() != "") == (line, True)


@given(st.lists(lines(), max_size=4))
def test_lines_survive_a_file(written: list[str]) -> None:
    of = scenario(["p99 < 1 s", *written], endpoint={"price_per_hour": 0.36})
    assume(all(never(e) is None for e in of.expect) and not list(contradictions(of)))
    assert load_text(dump(of)).expect == of.expect


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("p99 every 5 minutes < 1 s", "write in every 5 min"),
        ("p99 every 2 hours < 1 s", "write in every 2 h"),
        ("p99 each quarter < 1 s", "write in every 5 min"),
        ("p99 in every 5 minutes < 1 s", "write in every 5 min"),
        ("p99 in 1 hour..2 hours < 1 s", "write in 1 h..2 h"),
        ("p99 in every 5 moons < 1 s", None),
        ("p99 afer < 1 s", "did you mean after?"),
    ],
)
def test_windows_in_other_words_are_offered_as_they_are_written(line, hint):
    with pytest.raises(Refused) as refused:
        read_expectation(line)
    assert refused.value.hint == hint
