"""What the reports of a gate say, on documents made by hand."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from mmesim.report.ci.comment import TAG, comment, headline, step_summary
from mmesim.report.ci.github import MOST, commands
from mmesim.report.ci.junit import junit
from mmesim.report.content.gate import gate_report, verdict_report
from mmesim.report.content.gated import words
from mmesim.report.content.gated.explained import what_binds
from mmesim.report.text import WIDTH, text
from mmesim.results.answers.gated import Gated
from mmesim.scenario.file.places import Place, expected_at
from tests.helpers.gated import (
    FAILS,
    OPEN,
    UNCHANGED,
    delta,
    drift,
    gated,
    line,
    mixed,
    ratio,
    scenario,
    unreadable,
    windows,
)

REPORT = """\
✓ scenarios/ci/warm.yaml: warm, 40 replications, each 4 x run.duration
  ✓ pass   +88 %  p99 < 500 ms              312 ms; 0.120 % [0.080, 0.170]
                                            slower, limit 1 %
  ✓ pass  +2.3 %  cache_hit_ratio >= 95 %   97.2 % [96.9, 97.5]
  ✓ pass   +30 %  p99 in every 1 min < 1 s  all 3 windows pass; the worst, from
                                            2 min to 3 min: 312 ms; 0.120 %
                                            [0.080, 0.170] slower, limit 1 %
  since warm.baseline.json (mmesim 0.1.0): 2 of 3 figures changed
                    before      now                difference
  p99               312 ms   321 ms      +9.40 ms [8.8, 10.1]   +3.0 %
  cache_hit_ratio   97.2 %   96.0 %   -1.20 pt [-1.30, -1.10]
  what changed in the scenario:
  - models.tenant.service.cpu: 12 ms -> 12.4 ms
  - models.tenant.workers: absent -> 2

✗ scenarios/ci/tight.yaml: tight, 40 replications, each 4 x run.duration
  ✓ pass   +88 %  p99 < 500 ms             312 ms; 0.120 % [0.080, 0.170]
                                           slower, limit 1 %
  ✗ FAIL  -3.0 %  cache_hit_ratio >= 95 %  92.1 % [91.8, 92.4]
  what binds: memory: the called models need 52.7 GiB, there are 48.6 GiB;
    97.2 % of the time of the slowest 1 % of calls
  with one more instance:
  - cache_hit_ratio >= 95 %: ✓ pass, 98.1 % [97.9, 98.3]

? scenarios/ci/edge.yaml: edge, 40 replications, each 4 x run.duration
  ✓ pass        +2.3 %   cache_hit_ratio >= 95 %   97.2 % [96.9, 97.5]
  ? UNDECIDED   +7.0 %   error_rate < 0.1 %        0.0930 % [0.060, 0.130]
  (error_rate < 0.1 %: the interval holds the limit; about 90 more replications
   would decide it)
  since edge.baseline.json (mmesim 0.1.0): nothing has changed

✗ scenarios/ci/broken.yaml: cannot be judged
  scenarios/ci/broken.yaml:7: expect.0: 'p98' is not a figure (did you mean
    p99?)

FAIL: 1 of 7 limits, cache_hit_ratio >= 95 % (tight); scenarios/ci/broken.yaml
cannot be judged; 2 figures changed since the baseline
"""


def test_the_report_of_a_terminal():
    assert text(gate_report(mixed())) == REPORT


def test_no_line_is_wider_than_a_terminal():
    assert max(map(len, REPORT.splitlines())) <= WIDTH
    long = line("p99 of tenants in every 5 min < 1 s and so on", "undecided", reason="a " * 90, needed=12)
    assert max(map(len, text(gate_report(gated(scenario(long, drift=drift())))).splitlines())) <= WIDTH


def of(*scenarios) -> str:
    """The verdict alone."""
    return " ".join(text(verdict_report(gated(*scenarios))).split())


def test_the_verdict_is_one_sentence():
    assert of(scenario(line())) == "pass: the limit holds"
    assert of(scenario(line(), ratio())) == "pass: both limits hold"
    two = scenario(line(), ratio()), scenario(line(), file="b.yaml", name="b")
    assert of(*two) == "pass: all 3 limits of 2 scenarios hold"
    assert of(scenario(FAILS)) == "FAIL: cache_hit_ratio >= 95 %"
    assert of(scenario(line(), FAILS)) == "FAIL: 1 of 2 limits, cache_hit_ratio >= 95 %"
    assert of(scenario(OPEN)) == "UNDECIDED: error_rate < 0.1 %: about 90 more replications would decide it"
    assert of(unreadable("no", "a.yaml")) == "FAIL: a.yaml cannot be judged"
    assert of(scenario(line(), drift=drift())) == "pass: the limit holds; 2 figures changed since the baseline"


def test_the_verdict_names_a_few_limits_and_counts_the_others():
    many = scenario(*(ratio(f"p{90 + n} < 1 s", "fail") for n in range(6)))
    assert of(many) == "FAIL: 6 of 6 limits, p90 < 1 s, p91 < 1 s, p92 < 1 s, and 3 more"


def test_scenarios_of_one_name_are_told_apart_by_their_files():
    twins = [scenario(FAILS, file=file, name="day") for file in ("a/day.yaml", "b/day.yaml")]
    assert "(a/day.yaml), cache_hit_ratio >= 95 % (b/day.yaml)" in of(*twins)


@pytest.mark.parametrize(
    ("needed", "said"),
    [
        (1, "about 1 more replication would decide it"),
        (1538, "about 1,500 more replications would decide it"),
    ],
)
def test_an_undecided_line_says_why_and_how_many_more_replications_it_needs(needed: int, said: str):
    shown = text(gate_report(gated(scenario(line(verdict="undecided", needed=needed, reason="it is on the edge.")))))
    assert f"(p99 < 500 ms: it is on the edge; {said})" in " ".join(shown.split())


def test_where_no_number_of_replications_would_do_that_is_said_once():
    stuck = line(verdict="undecided", reason="it lies between the limit and its tolerance")
    shown = " ".join(text(gate_report(gated(scenario(stuck)))).split())
    assert "(p99 < 500 ms: it lies between the limit and its tolerance)" in shown
    assert shown.endswith("UNDECIDED: p99 < 500 ms: no number of replications would decide it")


def test_windows_stand_as_one_line_with_the_worst():
    shown = " ".join(text(gate_report(gated(scenario(*windows("pass", "undecided", "fail", "fail"))))).split())
    assert "✗ FAIL +20 % p99 in every 1 min < 1 s 2 of 4 windows fail; the worst, from 3 min to 4 min: 312 ms" in shown
    one = " ".join(text(gate_report(gated(scenario(*windows("fail", "pass"))))).split())
    assert "1 of 2 windows fails; the worst, from 0 s to 60 s" in one


def test_what_a_verdict_rests_on_is_said_where_it_is_not_a_mean():
    said = "the worst of 40 replications decides"
    largest = line("max < 2 s", figure="max", unit="ms", value=912.0, interval=None, reason=said)
    shown = " ".join(text(gate_report(gated(scenario(largest)))).split())
    assert f"max < 2 s 912 ms (max < 2 s: {said})" in shown
    exact = line("cost.month < 1000 USD", figure="cost.month", unit="USD", value=672.0, interval=(672.0, 672.0))
    assert "672 USD\n" in text(gate_report(gated(scenario(exact))))


@pytest.mark.parametrize(
    ("unit", "value", "said"),
    [("share", 0.0012, "0.120 %"), ("1/s", 3.0, "3.00 /s"), ("1", 12.0, "12.0"), ("ms", None, "-")],
)
def test_a_value_stands_with_its_unit(unit: str, value: float | None, said: str):
    assert words.quantity(unit, value) == said


def test_why_results_of_another_version_differ():
    old = drift(same_results=False, why_not=["A load that is broken off uses its artefact."], fields=[], deltas=[])
    shown = " ".join(text(gate_report(gated(scenario(line(), drift=old)))).split())
    assert (
        "mmesim 0.1.0 gives other figures for the same scenario: A load that is broken off uses its artefact" in shown
    )


def test_a_comment_has_its_headline_first_and_its_details_folded():
    lines = comment(mixed()).splitlines()
    assert lines[0] == TAG
    assert lines[1] == (
        "### ✗ mmesim gate: 1 of 7 limits fails, 1 is undecided, 1 scenario cannot be judged, "
        "2 figures changed since the baseline"
    )
    assert "| ✗ FAIL | `tight` | `cache_hit_ratio >= 95 %` | 92.1 % [91.8, 92.4] | -3.0 % |" in lines
    assert "| `warm` | `p99` | 312 ms | 321 ms | +9.40 ms [8.8, 10.1] | +3.0 % |" in lines
    assert "- `models.tenant.service.cpu: 12 ms -> 12.4 ms`" in lines
    folded = "\n".join(lines[lines.index("<details>") :])
    assert folded == f"<details>\n<summary>Report</summary>\n\n```text\n{REPORT}```\n\n</details>"


def test_what_does_not_pass_comes_first_in_a_comment():
    rows = [row for row in comment(mixed()).splitlines() if row.startswith(("| ✓", "| ✗", "| ?"))]
    assert [row[2] for row in rows] == ["✗", "?", "✓", "✓", "✓", "✓", "✓"]


def test_there_is_no_comment_when_nothing_is_new():
    assert comment(gated(scenario(line(), drift=UNCHANGED))) == ""
    assert step_summary(gated(scenario(line(), drift=UNCHANGED))).startswith("### ✓ mmesim gate: the limit holds\n")
    for news in (
        scenario(line(), drift=drift()),
        scenario(line()),
        scenario(FAILS, drift=UNCHANGED),
        scenario(OPEN, drift=UNCHANGED),
        scenario(line(), drift=UNCHANGED.model_copy(update={"same_results": False})),
        scenario(line(), drift=UNCHANGED.model_copy(update={"fields": [("run.seed", "1", "2")]})),
    ):
        assert comment(gated(scenario(line(), drift=UNCHANGED), news)) != ""


def test_a_large_gate_still_makes_a_comment_that_github_takes():
    many = gated(
        *(
            scenario(*(ratio(f"p{n} < 1 s", "fail") for n in range(40)), file=f"{k}.yaml", name=f"s{k}", drift=drift())
            for k in range(80)
        )
    )
    written = comment(many)
    assert 50_000 < len(written) <= 65_536
    assert "and 3,180 more below" in written
    assert written.endswith("... cut: the whole is in the log\n```\n\n</details>\n")
    assert headline(many) == "3,200 of 3,200 limits fail, 160 figures changed since the baseline"


def case(found: Gated, number: int) -> ElementTree.Element:
    """A case of the JUnit file, in its order."""
    return ElementTree.fromstring(junit(found)).findall("testsuite/testcase")[number]


def test_junit_has_a_case_for_each_limit_and_window():
    names = [one.attrib for one in ElementTree.fromstring(junit(mixed())).iter("testcase")]
    assert names[:3] == [
        {"name": "p99 < 500 ms", "classname": "scenarios.ci.warm"},
        {"name": "cache_hit_ratio >= 95 %", "classname": "scenarios.ci.warm"},
        {"name": "p99 in every 1 min < 1 s, from 0 s to 60 s", "classname": "scenarios.ci.warm"},
    ]
    assert len(names) == 10


def test_junit_calls_undecided_an_error_and_says_why():
    failure, error = case(gated(scenario(FAILS)), 0).find("failure"), case(gated(scenario(OPEN)), 0).find("error")
    assert failure is not None
    assert error is not None
    assert failure.attrib == {"type": "fail", "message": "92.1 % [91.8, 92.4]"}
    assert failure.text == "cache hit ratio: at least 95 %\nfound: 92.1 % [91.8, 92.4]\nmargin: -3.0 %"
    assert error.attrib["type"] == "undecided"
    assert error.attrib["message"].endswith("the interval holds the limit; about 90 more replications would decide it")
    assert next(iter(case(gated(scenario(line())), 0))).tag == "system-out"


def test_junit_of_a_scenario_that_cannot_be_judged():
    broken = case(gated(unreadable("a.yaml:3: one\na.yaml:7: two")), 0)
    assert broken.attrib["name"] == "can be judged"
    failure = broken.find("failure")
    assert failure is not None
    assert (failure.attrib["message"], failure.text) == ("a.yaml:3: one", "a.yaml:3: one\na.yaml:7: two")


def test_an_annotation_marks_the_line_of_expect():
    at = {"scenarios/ci/tight.yaml": {"cache_hit_ratio >= 95 %": Place("scenarios/ci/base.yaml", 40)}}
    assert commands(mixed(), at).splitlines() == [
        "::error file=scenarios/ci/base.yaml,line=40,title=mmesim gate%3A FAIL cache_hit_ratio >= 95 %25"
        "::cache_hit_ratio >= 95 %25: 92.1 %25 [91.8, 92.4]%0Acache hit ratio: at least 95 %25",
        "::error file=scenarios/ci/broken.yaml,line=7,title=mmesim gate%3A cannot be judged"
        "::scenarios/ci/broken.yaml:7: expect.0: 'p98' is not a figure (did you mean p99?)",
        "::warning file=scenarios/ci/edge.yaml,title=mmesim gate%3A UNDECIDED error_rate < 0.1 %25"
        "::error_rate < 0.1 %25: 0.0930 %25 [0.060, 0.130]%0Aerror rate: below 0.1 %25"
        "%0Athe interval holds the limit; about 90 more replications would decide it",
    ]


def test_annotations_name_files_from_the_root_of_the_repository():
    assert "file=sub/scenarios/ci/tight.yaml," in commands(mixed(), {}, lambda file: f"sub/{file}")


def test_of_many_annotations_the_last_says_how_many_there_are_besides():
    many = commands(gated(scenario(*(ratio(f"p{n} < 1 s", "fail") for n in range(25)))), {}).splitlines()
    assert len(many) == MOST
    assert many[-1] == "::error title=mmesim gate::16 more are in the log and in the summary"
    ten = commands(gated(scenario(*(ratio(f"p{n} < 1 s", "fail") for n in range(10)))), {}).splitlines()
    assert len(ten) == MOST
    assert "p9 <" in ten[-1]


def test_a_passing_gate_makes_no_annotation():
    assert commands(gated(scenario(line())), {}) == ""


def test_lines_of_expect_are_found_in_the_file_that_they_are_written_in(tmp_path: Path):
    base, day = tmp_path / "base.yaml", tmp_path / "day.yaml"
    base.write_text("name: base\nexpect:\n  - p99 < 1 s\n  - error_rate   <  1 %\n", encoding="utf-8")
    day.write_text("extends: base.yaml\nname: day\n", encoding="utf-8")
    at = expected_at(day)
    assert at == {"p99 < 1 s": (str(base), 3), "error_rate < 1 %": (str(base), 4)}
    day.write_text("extends: base.yaml\nexpect: [p50 < 1 s, p50 < 1 s]\n", encoding="utf-8")
    assert expected_at(day) == {"p50 < 1 s": (str(day), 2)}


@pytest.mark.parametrize("written", ["expect: p99 < 1 s", "a: [", "", "expect: [1, {a: b}]", "extends: none.yaml"])
def test_nothing_is_found_in_a_file_that_says_nothing(tmp_path: Path, written: str):
    file = tmp_path / "day.yaml"
    file.write_text(written, encoding="utf-8")
    assert expected_at(file) == {}
    assert expected_at(tmp_path / "none.yaml") == {}


def test_where_nothing_binds_that_is_said():
    own = scenario(FAILS, one_more_instance=[FAILS])
    assert "what binds: nothing: the slowest calls are slow because of their own work" in text(gate_report(gated(own)))
    assert "what binds" not in text(gate_report(gated(scenario(FAILS))))


@pytest.mark.parametrize(
    ("resource", "used", "limit", "said"),
    [
        ("load_slots", 1.0, 1.0, "load slots: 1, all taken"),
        ("workers", 2.314, 8.0, "workers: 2.31 of 8 are busy on average"),
        ("tasks", 32768.0, 32768.0, "processes and threads: 32,768 of 32,768"),
    ],
)
def test_a_number_of_slots_or_workers_has_no_idle_decimals(resource: str, used: float, limit: float, said: str):
    constraint = {"id": resource, "used": used, "limit": limit, "share_of_tail": 0.5}
    assert what_binds(constraint).startswith(f"{said}; 50 %")


def test_a_change_of_unknown_size_is_a_dash():
    lost = drift(deltas=[delta(before=None, difference=None, interval=None)], fields=[])
    shown = text(gate_report(gated(scenario(line(), drift=lost))))
    assert [row.split() for row in shown.splitlines() if row.startswith("  p99 ")] == [["p99", "-", "321", "ms", "-"]]


def test_a_recovery_is_a_time_that_people_read() -> None:
    found = line(figure="recovery after loss", unit="ms", value=150_000.0, interval=(120_000.0, 180_000.0))
    assert words.found(found) == "2.5 min [2 min, 3 min]"


def test_what_is_only_believed_is_said_to_be_judged_with_its_middle_value():
    said = " ".join(text(gate_report(gated(scenario(line(), believed={"models.m.memory": "85 MiB"})))).split())
    assert "what is uncertain is taken for its middle value: models.m.memory = 85 MiB" in said
    assert "uncertain" not in text(gate_report(gated(scenario(line()))))
