"""The grammar of `expect`: what is understood, what is refused and with which words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmesim import units
from mmesim.scenario.file.dump import dump
from mmesim.scenario.run.expect import read_expectation
from mmesim.scenario.run.expected import EXPECTED
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
        ("cost.month < 1000 EUR", "unknown unit 'EUR'"),
        ("p99 warm < 500 ms", "`warm` after p99: warm and cold calls are not counted apart yet"),
        ("p99 cold of tenants < 5 s", "`cold` after p99"),
        ("error_rate of tenants < 1 %", "`of` after error_rate: the calls of a group are not counted apart yet"),
        ("p99 in 8 h..9 h < 1 s", "`in` after p99: parts of a run are not judged apart yet"),
        ("p99 in every 5 min < 1 s", "`in` after p99"),
        ("p99 after zone-loss < 1 s", "`after` after p99: there are no faults yet"),
        ("recovery after zone-loss < 5 min", "'recovery' cannot be expected: there are no faults yet"),
        ("recovery < 5 min", "'recovery' cannot be expected: there are no faults yet to recover from"),
        ("p99 slow < 1 s", "'slow' after p99 means nothing: write `p99 < 1 s`"),
        ("wall_s < 3 s", "unknown figure 'wall_s': one of mean, p50"),
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
    ("word", "hint"),
    [
        ("latency_ms.p99", "write p99"),
        ("latency.p99", "write p99"),
        ("throughput_rps", "write throughput"),
        ("cost.usd_per_month", "write cost.month"),
        ("ledger_ms.p99.load", "write ledger.p99.load"),
        ("eror_rate", "did you mean error_rate?"),
    ],
)
def test_the_path_in_the_summary_leads_to_the_figure(word: str, hint: str) -> None:
    with pytest.raises(Refused) as refused:
        read_expectation(f"{word} < 1 s")
    assert refused.value.hint == hint


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
        ("tenants.meet_slo > 90 %", ("", ""), "expect.0: needs a limit of the latency that models can meet"),
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


@st.composite
def lines(draw: st.DrawFn) -> str:
    metric = draw(st.sampled_from(sorted(EXPECTED)))
    kind = draw(st.sampled_from(EXPECTED[metric]))
    gap = draw(st.sampled_from(["", " ", "  "]))
    of = " of limit" if (metric, kind) == ("pids.peak", "share") else ""
    return f"{metric}{gap}{draw(st.sampled_from(['<', '<=', '>', '>=']))}{gap}{draw(LIMITS[kind])}{of}"


@given(lines())
def test_a_line_comes_back_from_its_own_text(line: str) -> None:
    e = read_expectation(line)
    assert read_expectation(e.text) == e
    assert (e.text, e.meaning.strip() != "") == (line, True)


@given(st.lists(lines(), max_size=4))
def test_lines_survive_a_file(written: list[str]) -> None:
    of = scenario(["p99 < 1 s", *written], endpoint={"price_per_hour": 0.36})
    assert load_text(dump(of)).expect == of.expect
