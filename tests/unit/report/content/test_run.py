"""What the report of a run says: whole texts by hand, and each of its special cases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mmesim import run
from mmesim.report import phrases
from mmesim.report import text as rendering
from mmesim.report.content.run import CHECKS, run_report
from mmesim.results.result import Result
from mmesim.results.summary.until import Until
from mmesim.scenario import Scenario
from mmesim.scenario.figures import PARTS
from mmesim.scenario.server.server import ConfigRead, Server
from tests.helpers.texts import load_text
from tests.unit.experiment.test_diff import TEXT
from tests.unit.results.synthetic import Call, hosts, replications, scenario


def text(of: Result, colour: bool = False) -> str:
    return rendering.text(run_report(of), colour)


WARM, COLD = Call(0.02), Call(0.02, model=1, load_wait=0.98, load=0)


def result(calls: list[Call], *expect: str, count: int = 2, of: Scenario | None = None, **changes: Any) -> Result:
    base = of or scenario(expect, run={"replications": count})
    return Result(base, replications(base, *[calls] * count, **changes))


def lines(of: Result, start: str) -> list[str]:
    """The lines of the section that starts so."""
    sections = [section.splitlines() for section in text(of).split("\n\n")]
    (found,) = [section for section in sections if section[0].startswith(start)]
    return found


def test_whole_report() -> None:
    report = text(result([*[WARM] * 90, *[COLD] * 10], "p90 < 500 ms", "cache_hit_ratio >= 95 %", "error_rate < 10 %"))
    assert report == WHOLE


def test_a_rate_is_shown_in_the_unit_of_its_limit() -> None:
    of = result([WARM] * 50, "requests.total < 90 /min", "requests.total > 1 /h", "attempts.retries <= 0")
    shown = [" ".join(line.split()) for line in lines(of, "Expected")[1:]]
    assert shown == [
        "pass requests.total < 90 /min 30 /min [30, 30]",
        "pass requests.total > 1 /h 1,800 /h [1,800, 1,800]",
        "pass attempts.retries <= 0 0 /d [0, 0]",
    ]


WHOLE = """\
by-hand: 1 x 2 vCPU, 8 GiB, 2 models
100 s x 2 replications, seed 7; [95 % interval]

Expected
  UNDECIDED  p90 < 500 ms             10.0 % [6.2, 15.0] are slower,
                                      limit < 10 %
  FAIL       cache_hit_ratio >= 95 %  90.0 % [85.0, 93.8]
  pass       error_rate < 10 %        0 % [0, 1.8]

What binds: loads
  one takes 1 s from the first call on, download included, and calls wait at
    most 60 s for it; these are first loads after a cold start
  98 % of the time of the slowest 1 % of calls is due to it
  try measuring after a warm-up (run.warmup), or calling each model once before

Latency of 200 successful calls, as clients see it, ms
  mean      118     [118, 118]
  p50      20.0   [20.0, 20.0]
  p90         -   too few loads beyond it (2, 20 are needed): simulate longer
  p95         -   too few loads beyond it (1, 20 are needed): simulate longer
  p99         -   too few loads beyond it (0, 20 are needed): simulate longer
  p99.9       -   too few loads beyond it (0, 20 are needed): simulate longer
  max     1,000
  slower than 500 ms: 10.0 % [6.2, 15.0]

Warm and cold calls, ms (cold: an attempt waited for a load)
         calls    mean    p50    p90    p99
  warm     180    20.0   20.0   20.0   20.0   [20.0, 20.0]
  cold      20   1,000      -      -      -
  (no p99 of cold calls: too few loads beyond it (0, 20 are needed): simulate
   longer)

What latency is made of, ms and share (mean of the calls in each band)
                p50                   p99                 p99.9
            40-60 %           98.5-99.5 %           99.85-100 %
  load          0.0     0 %         980.0    98 %         980.0    98 %
  service      20.0   100 %          20.0     2 %          20.0     2 %
  sum          20.0   100 %       1,000.0   100 %       1,000.0   100 %

Models: 2 of 2 were called
  cache hits             90.0 % [85.0, 93.8]
  wait for a load        980 ms [980, 980], mean of cache misses
  loads                  6 (1.80 a minute)
  unloads                2 (0.600 a minute)
  loaded models          1.50 [1.50, 1.50] copies on average, all hosts
  cold calls per model   median 50.0 %, 90th percentile 90.0 %, worst 100 %
  often cold             50.0 % [50.0, 50.0] of models (in over 5 % of calls)
  meet the limits        50.0 % [50.0, 50.0] of models, each on its own calls

Errors: none in 200 calls

Resources
                           mean                fullest host              peak
  CPU                    50.0 %  [50.0, 50.0]        50.0 %
  memory                 25.0 %  [25.0, 25.0]        25.0 %  37.5 % of 63.7 %
  disk                   10.0 %  [10.0, 10.0]        10.0 %
  workers                1.00 %  [1.00, 1.00]
  processes and threads                                           77 of 1,000
  busiest workers: those of m-000, 1.80 % [1.80, 1.80]

Cost: $0.36 an hour, $263 a month, $100 per million requests
  price: given in the scenario

Steady state: not judged: fewer than 6 whole minutes were measured

Self-check: ok (no call lost, parts add up to the latency)

FAIL: cache_hit_ratio >= 95 %; it is 90.0 %; $0.36 an hour
"""


def test_same_result_same_text() -> None:
    calls = [WARM] * 50
    assert text(result(calls, wall_s=1.0)) == text(result(calls, wall_s=2.0))


def test_it_fits_a_terminal() -> None:
    expect = ["p99.9 < 1500 ms", "p95 <= 250 ms", "cache_hit_ratio >= 99.95 %", "memory_utilization < 80 %"]
    report = text(result([*[WARM] * 990, *[Call(0.02, cause="queue_full")] * 3, *[COLD] * 7], *expect, count=3))
    assert max(len(line) for line in report.splitlines()) <= 100
    assert report.isascii()


def test_one_replication_has_no_intervals_and_says_so() -> None:
    report = result([WARM] * 10, "p99 < 500 ms", count=1)
    assert text(report).splitlines()[1] == "100 s x 1 replication, seed 7"
    assert lines(report, "Expected") == [
        "Expected (by the value alone: one replication)",
        "  pass   p99 < 500 ms   0 % are slower, limit < 1 %",
    ]
    assert "[" not in text(report)


def test_colours_are_only_added_on_request() -> None:
    report = result([WARM] * 1000, "p99 < 500 ms", "p50 > 1 s")
    assert "\x1b" not in text(report)
    coloured = text(report, colour=True)
    assert "\x1b[32mpass\x1b[0m   p99 < 500 ms" in coloured
    assert "\x1b[31mFAIL\x1b[0m   p50 > 1 s" in coloured
    for code in ("\x1b[32m", "\x1b[31m", "\x1b[0m"):
        coloured = coloured.replace(code, "")
    assert coloured == text(report)


def test_undecided_is_loud() -> None:
    assert lines(result([WARM] * 10, "p99 < 500 ms"), "Expected")[1].startswith("  UNDECIDED   p99 < 500 ms")


def test_latency_expectations_show_milliseconds() -> None:
    assert lines(result([WARM] * 10, "mean < 500 ms"), "Expected")[1] == "  pass   mean < 500 ms   20.0 ms [20.0, 20.0]"


def test_what_became_of_a_configuration_is_a_section() -> None:
    notes = ("c.properties: used: job_queue_size=5", "c.properties:7: " + "a-long-word " * 8 + "x" * 99)
    base = scenario()
    server = Server(config=ConfigRead(file="c.properties", notes=notes))
    assert lines(result([WARM], of=base.model_copy(update={"server": server})), "Configuration") == [
        "Configuration of the model server",
        "  - c.properties: used: job_queue_size=5",
        "  - c.properties:7: a-long-word a-long-word a-long-word a-long-word a-long-word",
        "    a-long-word a-long-word a-long-word",
        "    " + "x" * 99,
    ]


def test_errors_by_cause_most_first() -> None:
    calls = [*[WARM] * 90, Call(0.1, cause="load_timeout"), *[Call(0.1, cause="queue_full")] * 9]
    assert lines(result(calls), "Errors") == [
        "Errors: 10.0 % [6.2, 15.0] of 200 calls",
        "  queue_full     18",
        "  load_timeout    2",
    ]


def test_calls_without_an_answer_are_not_hidden() -> None:
    assert lines(result([WARM] * 10, in_flight_at_end=2), "Errors")[1] == "  no answer when the run stopped   4"


def test_nothing_succeeded() -> None:
    report = result([Call(0.1, cause="never_fits")] * 5, "p99 < 500 ms")
    assert lines(report, "Expected")[1] == "  FAIL   p99 < 500 ms   100 % [69, 100] are slower or failed, limit < 1 %"
    assert lines(report, "Latency")[1] == "  mean    -   no successful call"
    assert "What latency is made of" not in text(report)


def test_percentiles_say_whose_they_are_when_calls_fail() -> None:
    failed = Call(0.1, cause="queue_full")
    report = result([WARM] * 990 + [failed] * 10, "p99 < 500 ms")
    assert lines(report, "Latency")[-2:] == [
        "  slower than 500 ms or failed: 1.00 % [0.61, 1.54]; of successful calls 0 %",
        "  (1.00 % of all calls failed: none of them is in the percentiles above)",
    ]
    rare = result([WARM] * 999 + [failed], "p99 < 500 ms")
    assert not any("of all calls failed" in line for line in lines(rare, "Latency"))


def test_nobody_called() -> None:
    assert lines(result([]), "Models")[0] == "Models: 0 of 2 were called"
    assert lines(result([]), "Errors") == ["Errors: none in 0 calls"]


def test_small_parts_are_left_out_but_not_silently() -> None:
    of = result([Call(1.0, parts={"router": 0.0001, "network": 0.002})] * 100)
    section = lines(of, "What latency is made of")
    assert [line.split()[0] for line in section[3:-1]] == ["network", "service", "sum"]
    assert section[-1] == "  (parts below 0.1 % are not shown)"


def test_interrupted_run_says_so() -> None:
    of = scenario(run={"replications": 5})
    report = text(Result(of, replications(of, [WARM], [WARM])))
    assert "INTERRUPTED: 2 of 5 replications were finished\n" in report


WANTED = scenario(run={"until": "p99 within 5 %"})
REACHED = Until("p99 within 5 %", True, (10, 15, 23), 0.0292, 1 / 21, 0.9929, 23)


@pytest.mark.parametrize(
    ("until", "line"),
    [
        (REACHED, "until  p99 within 5 %: reached after 23 replications (2.92 %)"),
        (
            replace(REACHED, reached=False, looks=(10, 100), half_width=0.061, replications=100),
            "until  p99 within 5 %: not reached: 6.10 % after 100 replications",
        ),
        (
            replace(REACHED, reached=False, half_width=None, reason="no successful call"),
            "until  p99 within 5 %: not reached: no successful call after 23 replications",
        ),
        (
            replace(REACHED, reached=False, looks=(), half_width=None, reason="interrupted before the first look"),
            "until  p99 within 5 %: not reached: interrupted before the first look",
        ),
    ],
)
def test_where_the_replications_stopped(until: Until, line: str) -> None:
    head = text(Result(WANTED, replications(WANTED, [WARM], [WARM]), until)).split("\n\n")[0].splitlines()
    assert head[1] == f"100 s x {until.replications} replications, seed 7; [interval of at least 95 %]"
    assert head[2] == f"INTERRUPTED: 2 of {until.replications} replications were finished"
    assert head[3] == line


def test_intervals_over_one_trace_say_so() -> None:
    of = scenario(traffic=[{"trace": {"file": "day.csv"}}])
    line = "intervals cover the randomness of service and load for this trace, not that of"
    assert line in lines(result([WARM], of=of), "by-hand")
    assert line not in text(result([WARM], of=of, count=1))
    assert line not in text(result([WARM]))


def test_failed_self_check_names_what_is_wrong() -> None:
    report = text(result([WARM], checks={"conservation": "1 call is missing"}, count=1))
    assert report.endswith("Self-check: FAILED: conservation (replication 0: 1 call is missing)\n")


def test_an_estimated_price_is_marked_on_every_figure() -> None:
    of = scenario()
    host = of.endpoint.host.model_copy(update={"price_estimated": True, "price_source": "EC2 x 1.2"})
    guess = of.model_copy(update={"endpoint": of.endpoint.model_copy(update={"host": host})})
    section = lines(result([WARM] * 100, of=guess), "Cost")
    assert " ".join(section[:-1]).count("about") == 3
    assert section[-1] == "  ESTIMATED price: EC2 x 1.2"


def test_without_a_price_it_says_how_to_give_one() -> None:
    of = scenario(endpoint={"price_per_hour": None})
    assert "endpoint.price_per_hour" in lines(result([WARM], of=of), "Cost")[0]


def test_warmup_and_instance_type_are_in_the_head() -> None:
    of = scenario(run={"duration": 3600.0, "warmup": 600.0}, endpoint={"instance_type": "ml.m5.xlarge"})
    head = text(Result(of, (replace(replications(of, [WARM])[0]),))).splitlines()
    assert head[0] == "by-hand: 1 x ml.m5.xlarge, 2 models"
    assert head[1] == "60 min (first 10 min not measured) x 1 replication, seed 7"


def test_no_limit_for_processes() -> None:
    of = scenario(endpoint={"pid_limit": None})
    assert lines(result([WARM], of=of), "Resources")[-2].endswith("77 no limit")


@pytest.mark.parametrize(
    ("text_", "shown"), [("p99 < 2 min", "2 min"), ("p99 < 1.5 ms", "1.5 ms"), ("p99 < 1 s", "1 s")]
)
def test_limits_are_shown_in_their_unit(text_: str, shown: str) -> None:
    assert any(line.startswith(f"  slower than {shown}: ") for line in lines(result([WARM], text_), "Latency"))


def test_every_part_of_the_ledger_and_every_self_check_has_its_words() -> None:
    assert tuple(phrases.PARTS) == PARTS
    assert set(CHECKS) - {"devices", "gone"} == set(run(load_text(TEXT)).runs[0].checks)


def test_parts_whose_names_do_not_tell_are_explained_where_they_are_shown() -> None:
    section = lines(result([Call(1.0, parts={"load_slot_wait": 0.5})] * 100), "What latency is made of")
    assert section[-1] == "  (load_slot_wait: waiting for a load slot of the host)"
    assert "load_slot_wait" not in text(result([WARM]))


def test_retries_are_counted_with_the_errors() -> None:
    of = result([WARM] * 10)
    attempts: Any = of.summary["attempts"]
    attempts |= {"total": 30, "retries": 10}
    assert lines(of, "Errors") == ["Errors: none in 20 calls", "  30 attempts, 10 of them retries"]


@pytest.mark.parametrize(
    ("expect", "last"),
    [
        ((), "nothing is expected (add `expect`): p"),
        (("error_rate < 10 %",), "pass: the limit holds; $0.36 an hour"),
        (("error_rate < 10 %", "p50 < 1 s"), "pass: both limits hold; $0.36 an hour"),
        (("p99 < 500 ms",), "FAIL: p99 < 500 ms; 98.0 % of p99 is load; what binds: loads; $0.36 an hour"),
        (("p50 < 1 s", "cache_hit_ratio >= 99.9 %"), "FAIL: cache_hit_ratio >= 99.9 %; it is 90.0 %; $0.36 an hour"),
    ],
)
def test_the_last_line_is_the_verdict_its_cause_and_the_cost(expect: tuple[str, ...], last: str) -> None:
    shown = text(result([*[WARM] * 900, *[COLD] * 100], *expect))
    assert shown.splitlines()[-1].startswith(last), shown.splitlines()[-2:]


def test_errors_are_the_cause_of_errors() -> None:
    shown = text(result([*[WARM] * 900, *[Call(0.02, cause="queue_full")] * 100], "error_rate < 1 %"))
    last = " ".join(shown.split("\n\n")[-1].split())
    assert last == "FAIL: error_rate < 1 %; most errors are queue_full (200); what binds: queue length; $0.36 an hour"


def test_limits_of_some_calls_name_what_binds_and_those_of_cost_do_not() -> None:
    cold = [*[WARM] * 900, *[COLD] * 100]
    last = text(result(cold, "p99 cold < 500 ms")).splitlines()[-1]
    assert last == "UNDECIDED: p99 cold < 500 ms; what binds: loads; $0.36 an hour"
    assert text(result(cold, "cost.hour < 0.1 USD")).splitlines()[-1] == "FAIL: cost.hour < 0.1 USD; $0.36 an hour"


def test_failed_calls_do_not_make_answers_look_cheap() -> None:
    half = [*[WARM] * 100, *[Call(0.02, cause="queue_full")] * 100]
    assert lines(result(half), "Cost")[:2] == [
        "Cost: $0.36 an hour, $263 a month, $50.00 per million requests (failed ones",
        "  count), $100.00 per million successful ones",
    ]
    none = " ".join(" ".join(lines(result([Call(0.02, cause="queue_full")] * 200), "Cost")).split())
    assert "per million requests (failed ones count), all of them failed" in none
    assert "failed ones" not in text(result([*[WARM] * 995, *[Call(0.02, cause="queue_full")] * 5]))


def test_a_price_that_does_not_change_has_no_interval() -> None:
    (row,) = [line for line in lines(result([WARM] * 10, "cost.month < 1500 USD"), "Expected") if "cost" in line]
    assert row == "  pass   cost.month < 1500 USD   263 USD"


def test_the_price_of_a_fleet_that_was_not_all_there_stands_beside_that_of_the_scenarios_own() -> None:
    of = scenario()
    found = Result(of, replications(of, [Call(0.02)] * 100, hosts=hosts(up_s=np.array([50.0]), usd_per_hour=0.36)))
    said = text(found)
    assert "Cost during this run: $0.18 an hour ($131 a month at that rate), $50" in said
    assert "  the scenario's own 1 instance: $0.36 an hour, $263 a month\n" in said
