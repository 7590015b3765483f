"""Lines of `expect` that can never all hold, and lines that say nothing more than another."""

import math
import operator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmesim
from mmesim.errors import UserError
from mmesim.preflight.check import findings
from mmesim.scenario import Scenario, expectations
from mmesim.scenario.expectations import contradictions, repetitions
from mmesim.scenario.figures import quantile_shares
from mmesim.scenario.file.load import from_plain
from mmesim.scenario.run.expect import read_expectation


def expect(*lines):
    return f"expect=[{', '.join(lines)}]"


CONTRADICTIONS = [
    ("p99 < 1 s", "p99 > 2 s", "no p99 is above 2 s and below 1 s"),
    ("p99 < 1 s", "p99 >= 1 s", "no p99 is at least 1 s and below 1 s"),
    ("p99 < 100 ms", "p50 > 200 ms", "a call over 200 ms is over 100 ms too"),
    ("p50 > 1 s", "p99 <= 1 s", "both count the calls over 1 s"),
    ("p99 warm < 1 s", "p95 warm > 1 s", "both count the calls over 1 s"),
    ("p99 in every 10 s < 1 s", "p99 in every 10 s > 1 s", "no p99 is above 1 s and below 1 s"),
    ("max < 1 s", "max >= 1 s", "no max is at least 1 s and below 1 s"),
    ("max < 1 s", "mean > 1 s", "mean is at most max"),
    ("max < 1 s", "p50 cold of tenant in 10 s..20 s > 1 s", "both count the calls over 1 s"),
    ("max <= 1 s", "error_rate > 0 %", "a failed call is slower than every limit"),
    ("error_rate <= 0 %", "error_rate warm > 0 %", "a failed call is slower than every limit"),
    ("p99 < 1 s", "error_rate >= 1 %", "a failed call is slower than every limit"),
    ("cache_hit_ratio > 95 %", "cache_hit_ratio < 90 %", "no cache_hit_ratio is above 95 % and below 90 %"),
    ("loads < 200 /h", "loads > 1 /s", "no loads is above 1 /s and below 200 /h"),
    ("cost.month < 100 USD", "cost.hour > 0.2 USD", "they are one figure"),
    ("pids.peak < 50 % of limit", "pids.peak > 600", "no pids.peak is above 600 and below 50 %"),
    ("ledger.p99.mean < 1 s", "ledger.p99.load > 2 s", "ledger.p99.load is at most ledger.p99.mean"),
    ("requests.total < 1 /s", "requests.ok > 2 /s", "requests.ok is at most requests.total"),
    ("tenants.cold_share.worst < 5 %", "tenants.cold_share.p90 > 5 %", ".p90 is at most tenants.cold_share.worst"),
    ("p99 of tenant < 1 s", "p99 > 1 s", "no p99"),  # tenant is every model
    ("p99 in 10 s..60 s < 1 s", "p99 > 1 s", "no p99"),  # all of the measured time
    ("p99 in every 50 s < 1 s", "p99 > 1 s", "no p99"),  # one window
]


@pytest.fixture
def text(base):
    return base.replace("{duration: 60 s}", "{duration: 60 s, warmup: 10 s}").replace(
        "ml.m5.xlarge\n", "ml.m5.xlarge\n  pid_limit: 1000\n"
    )


@pytest.mark.parametrize(("one", "other", "why"), CONTRADICTIONS)
def test_a_contradiction_is_refused_in_either_order(text, problems, one, other, why):
    for lines in ((one, other), (other, one)):
        (problem,) = problems(text, expect(*lines))
        assert problem.message.startswith(f"`{lines[1]}` contradicts `{lines[0]}`: ")
        assert why in problem.message
        assert problem.field == "expect.1"


@pytest.mark.parametrize(
    "lines",
    [
        ("p99 < 2 s", "p99 > 1 s"),
        ("p99 <= 1 s", "p99 >= 1 s"),
        ("max <= 1 s", "max >= 1 s"),
        ("p99 > 100 ms", "p50 < 100 ms"),
        ("p99 < 1 s", "error_rate > 0.5 %"),
        ("p99 < 1 s", "mean > 2 s"),  # a mean may be above a percentile
        ("p99 warm < 1 s", "p99 cold > 2 s"),
        ("p99 warm < 1 s", "p99 > 2 s"),
        ("p99 < 1 s", "p99 cold > 2 s"),
        ("p99 in 10 s..20 s < 1 s", "p99 in 20 s..30 s > 2 s"),
        ("p99 in every 10 s < 1 s", "p99 > 2 s"),  # the mean of the windows' shares weighs each window alike
        ("p99 of tenant-000 < 1 s", "p99 > 2 s"),
        ("ledger.p99.load < 1 s", "ledger.p99.load > 50 %"),
        ("ledger.p99.load > 2 s", "ledger.p90.mean < 1 s"),
        ("max in 10 s..20 s < 1 s", "max > 2 s"),
    ],
)
def test_what_can_hold_together_is_not_refused(text, scenario, lines):
    assert len(scenario(text, expect(*lines)).expect) == 2


def test_both_lines_of_the_file_are_named(text, problems):
    (problem,) = problems(text + "expect:\n  - p99 < 1 s\n  - error_rate < 1 %\n  - p50 > 2 s\n")
    said = "expect.2: `p50 > 2 s` contradicts `p99 < 1 s` in line 15: a call over 2 s is over 1 s too"
    assert str(problem).endswith(f"a.yaml:17: {said}")


def test_each_line_is_refused_once(text, problems):
    assert len(problems(text, expect("p99 < 1 s", "p95 < 1 s", "p50 > 2 s", "cache_hit_ratio > 50 %"))) == 1


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("error_rate < 0 %", "can never hold: nothing is below 0", "write error_rate <= 0 %"),
        ("p99 < 0 ms", "can never hold: nothing is below 0", "write p99 <= 0 ms"),
        ("cache_hit_ratio > 100 %", "can never hold: no share is above 100 %", "write cache_hit_ratio >= 100 %"),
    ],
)
def test_a_line_that_no_run_can_meet_is_refused(text, problems, line, message, hint):
    (problem,) = problems(text, expect(line))
    assert (problem.message, problem.hint) == (message, hint)


def notes_on(scenario):
    found = [one for one in findings(scenario) if one.id == "expect"]
    assert all(one.severity == "note" for one in found)
    return [one.text for one in found]


@pytest.mark.parametrize(
    ("weak", "strong", "why"),
    [
        ("p99 < 1 s", "p99 < 1000 ms", "both count the calls over 1 s"),
        ("p99 < 2 s", "p99 < 1 s", "a call over 2 s is over 1 s too"),
        ("p95 < 1 s", "p99 < 1 s", "both count the calls over 1 s"),
        ("p99.9 > 500 ms", "p99 > 1 s", "a call over 1 s is over 500 ms too"),
        ("error_rate < 1 %", "p99 < 1 s", "a failed call is slower than every limit"),
        ("mean < 1 s", "max < 1 s", "mean is at most max"),
        ("p99 warm < 1 s", "max < 1 s", "both count the calls over 1 s"),
    ],
)
def test_a_line_that_says_nothing_more_than_another_is_a_note(text, scenario, weak, strong, why):
    assert notes_on(scenario(text, expect(strong, weak))) == [f"`{weak}` holds wherever `{strong}` does: {why}"]
    notes = notes_on(scenario(text, expect(weak, strong)))
    assert len(notes) == 1
    assert why in notes[0]


def test_a_line_twice_and_a_line_that_always_holds_are_notes(text, scenario):
    assert notes_on(scenario(text, expect("p99 < 1 s", "p99 < 1 s"))) == ["`p99 < 1 s` is there twice"]
    notes = notes_on(scenario(text, expect("error_rate <= 100 %", "loads >= 0 /h")))
    assert notes == [
        "`error_rate <= 100 %` holds whatever happens: no share is above 100 %",
        "`loads >= 0 /h` holds whatever happens: nothing is below 0",
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ("p99 < 3 s", "cache_hit_ratio >= 95 %", "error_rate < 0.1 %"),
        ("p99 < 1 s", "p95 < 500 ms", "max < 30 s"),
        ("p99 warm < 100 ms", "p99 < 1 s", "p99 cold < 5 s"),
        ("p99 < 1 s", "p99 in every 10 s < 1 s"),
    ],
)
def test_lines_of_which_each_says_something_get_no_note(text, scenario, lines):
    assert notes_on(scenario(text, expect(*lines))) == []


@dataclass
class Call:
    """`latency_s` is infinite for a failed one."""

    latency_s: float
    cold: bool


def holds(e, calls):
    """Whether a line holds of these calls, by the definition: failed ones are slower than every limit."""
    mine = [one for one in calls if e.calls.state is None or one.cold == (e.calls.state == "cold")]
    ok = [one.latency_s for one in mine if math.isfinite(one.latency_s)]
    if not mine:
        return False
    shares = quantile_shares(e.metric)
    value, limit = math.nan, e.limit
    if shares is not None:
        value, limit = sum(one.latency_s > e.limit for one in mine) / len(mine), shares[1]
    elif e.metric == "error_rate":
        value = 1 - len(ok) / len(mine)
    elif e.metric == "max":
        value = max(one.latency_s for one in mine)
    elif e.metric == "mean":
        value = sum(ok) / len(ok) if ok else math.inf
    return {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}[e.comparison](value, limit)


TIMES = st.sampled_from(("10 ms", "20 ms", "30 ms"))
SHARES = st.sampled_from(("0 %", "1 %", "10 %", "50 %", "100 %"))
CALLED, COMPARED = st.sampled_from(("", " warm", " cold")), st.sampled_from(("<", "<=", ">", ">="))
OF_TIME = st.tuples(st.sampled_from(("p50", "p90", "p99", "max", "mean")), CALLED, COMPARED, TIMES)
LINES = st.one_of(OF_TIME, st.tuples(st.just("error_rate"), CALLED, COMPARED, SHARES)).map(
    lambda it: f"{it[0]}{it[1]} {it[2]} {it[3]}"
)
CALLS = st.lists(
    st.builds(Call, st.sampled_from((0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.035, math.inf)), st.booleans()),
    min_size=1,
    max_size=12,
)


@pytest.fixture(scope="module")
def plain():
    return from_plain(
        {
            "name": "law",
            "endpoint": {"instance_type": "ml.m5.xlarge"},
            "models": {"name": "m", "artifact_size": 0, "memory": 0, "service": {"cpu": "1 ms"}},
            "traffic": {"arrivals": {"poisson": {"rate": "1 /s"}}},
            "run": {"duration": "10 s"},
        }
    )


@given(lines=st.lists(LINES, min_size=2, max_size=5), calls=CALLS)
def test_what_is_said_of_lines_holds_for_all_calls(plain, lines, calls):
    scenario = plain.model_copy(update={"expect": tuple(read_expectation(line) for line in lines)})
    truth = [holds(e, calls) for e in scenario.expect]
    for clash in contradictions(scenario):
        assert not (truth[clash.first] and truth[clash.second])
    for e, held in zip(scenario.expect, truth, strict=True):
        assert expectations.never(e) is None or not held
    for clash in repetitions(scenario):
        asked = scenario.expect[clash.second]
        # Of calls that there are not, nothing is said.
        there = asked.calls.state is None or any(one.cold == (asked.calls.state == "cold") for one in calls)
        assert truth[clash.second] or not truth[clash.first] or not there


SILENT = """\
name: silent
endpoint: {vcpu: 4, memory: 16 GiB, price_per_hour: 1 USD}
models:
  - {name: a, count: 2, artifact_size: 1 MB, memory: 10 MB, service: {cpu: 5 ms}}
  - {name: b, artifact_size: 1 MB, memory: 10 MB, service: {cpu: 5 ms}}
traffic: [{models: [a], arrivals: {poisson: {rate: 1 /s}}}]
run: {duration: 60 s}
expect: [p90 < 500 ms, p95 of a < 1 s, p95 of b < 100 ms]
plan: {grid: {endpoint.instance_count: 1..2}}
"""


@pytest.mark.parametrize(
    ("tried", "what"), [(mmesim.plan, "fleet"), (lambda file: mmesim.capacity(file, of="traffic"), "amount")]
)
def test_a_line_about_models_that_nobody_calls_is_refused_where_it_would_decide(tmp_path, tried, what):
    (tmp_path / "silent.yaml").write_text(SILENT)
    with pytest.raises(UserError) as refused:
        tried(tmp_path / "silent.yaml")
    assert str(refused.value) == (
        f"silent: `p95 of b < 100 ms` decides nothing: no traffic calls b, so no {what} can be judged by it: give b "
        "traffic, or leave the line out"
    )


def test_a_line_about_models_that_nobody_calls_is_noted(tmp_path):
    (tmp_path / "silent.yaml").write_text(SILENT)
    noted = [one.text for one in findings(Scenario.from_yaml(tmp_path / "silent.yaml")) if one.id == "expect"]
    assert noted == ["`p95 of b < 100 ms` decides nothing: no traffic calls b"]
