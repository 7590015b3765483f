"""`mmesim capacity`: exit codes, the report, JSON, the picture, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from mmesim.results.answers.capacity import Capacity, capacity_schema
from tests.helpers.command import Command

SCENARIO = """\
name: cache
endpoint:
  vcpu: 4
  memory: 16 GiB
  usable_memory: 100 MiB
  base_memory: 0
  warm: stationary
  unload: 0 s
  price_per_hour: 1 USD
server: {overhead: none, process_start: {cpu: 0 s}}
models:
  - name: small
    count: 20
    artifact_size: 0
    memory: 1 MiB
    process_memory: 0
    load: {cpu: 0 s}
    service: {wait: 1 ms}
traffic: {name: calls, arrivals: {poisson: {rate: 20 /s}}}
run: {duration: 30 s, warmup: 0 s, seed: 1}
expect: [cache_hit_ratio >= 99 %]
"""
STORE = ("--store", "store.sqlite")


@pytest.fixture
def file(mmesim: Command) -> Path:
    """A scenario of which 25 models fit, in the working folder."""
    path = Path("cache.yaml")
    path.write_text(SCENARIO)
    return path


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.slow
def test_the_report_says_how_many_more_fit(mmesim: Command, file: Path):
    done = mmesim("capacity", file, *STORE, "--plot", "curve.svg")
    assert done.code == 0, done.err
    said = words(done.out)
    assert "cache: models that 1 x 4 vCPU, 16 GiB can carry, $730 a month" in said
    assert "5 more models fit: 25 models meet every line, 26 do not" in said
    assert "thrash knee: 25.3 (" in said
    assert "the line that decides: cache_hit_ratio >= 99 %" in said
    assert "with 95 % none of these is wrong" in said
    assert "runs were simulated: they are kept in store.sqlite" in done.err
    assert Path("curve.svg").stat().st_size > 5000
    assert max(map(len, done.out.splitlines())) <= 80
    again = mmesim("capacity", file, *STORE, "--quiet")
    assert (again.code, again.out) == (0, "5 more models fit: 25 models meet every line, 26 do not\n")
    assert again.err == ""


@pytest.mark.slow
def test_too_many_models_exit_with_1(mmesim: Command, file: Path):
    done = mmesim("capacity", file, *STORE, "--quiet", "--set", "models.small.count=30")
    assert (done.code, done.out) == (1, "the scenario has 5 models too many: 25 models meet every line, 26 do not\n")


@pytest.mark.slow
def test_too_much_traffic_exits_with_1_and_says_by_how_much(mmesim: Command, file: Path):
    slow = SCENARIO.replace("service: {wait: 1 ms}", "service: {wait: 50 ms}").replace("count: 20", "count: 1")
    file.write_text(slow.replace("rate: 20 /s", "rate: 80 /s").replace("cache_hit_ratio >= 99 %", "p95 < 200 ms"))
    done = mmesim("capacity", file, *STORE, "--of", "traffic", "--quiet")
    assert done.code == 1
    assert done.out.startswith("the traffic is ")
    assert " % too much: 0." in done.out


@pytest.mark.slow
def test_one_group_is_varied_and_the_other_stays(mmesim: Command, file: Path):
    other = """\
  - {name: other, count: 5, artifact_size: 0, memory: 1 MiB, process_memory: 0, load: {cpu: 0 s}, service: {wait: 1 ms}}
traffic:"""
    file.write_text(SCENARIO.replace("traffic:", other))
    done = mmesim("capacity", file, *STORE, "--group", "small", "--quiet")
    assert (done.code, done.out) == (0, "no more models fit: 20 models meet every line, 21 do not\n")


@pytest.mark.slow
def test_robustness_tries_what_fits_under_every_setting(mmesim: Command, file: Path):
    done = mmesim("capacity", file, *STORE, "--robustness")
    assert done.code == 0
    assert "25 models: holds in " in words(done.out)
    assert "settings" in words(done.out)


def test_json_is_a_document_of_its_schema(mmesim: Command, file: Path):
    done = mmesim("capacity", file, *STORE, "--json")
    assert done.code == 0
    document = json.loads(done.out)
    jsonschema.validate(document, capacity_schema(), cls=jsonschema.Draft202012Validator)
    found = Capacity.model_validate(document)
    assert (found.largest, found.smallest_failing, found.verdict) == (25, 26, "pass")
    assert found.to_json() == done.out


def test_nothing_expected_shows_the_knee_alone(mmesim: Command, file: Path):
    file.write_text(SCENARIO.replace("expect: [cache_hit_ratio >= 99 %]\n", ""))
    done = mmesim("capacity", file, *STORE)
    assert done.code == 0
    assert "nothing is expected, so there is no limit" in words(done.out)
    assert "thrash knee: 25.3 (" in done.out


def test_traffic_that_never_fails_is_at_least_what_was_asked_for(mmesim: Command, file: Path):
    done = mmesim("capacity", file, *STORE, "--of", "traffic", "--up-to", "2", "--quiet")
    assert (done.code, done.out) == (
        0,
        "100 % more traffic fits: at least 2 x the traffic (the most that was tried)\n",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--group", "smal"), "there is no group of models 'smal' (did you mean small?)"),
        (("--of", "traffic", "--group", "small"), "--group chooses models: it goes with --of models"),
        (("--up-to", "0"), "--up-to 0 is not a number of models"),
        (("--up-to", "12.5"), "--up-to 12.5 is not a number of models"),
        (("--up-to", "nan"), "--up-to nan is not a number of models"),
        (("--up-to", "3000000"), "--up-to 3e+06 cannot be tried: from 1 to 2,000,000"),
        (("--of", "traffic", "--up-to", "0.001"), "--up-to 0.001 cannot be tried: from 0.01562"),
        (("--of", "hosts"), "'hosts' is not one of 'models', 'traffic'"),
        (("--plot", "curve.gif"), "curve.gif: a plot is written as .png, .svg or .pdf"),
        (
            ("--set", "traffic.calls.arrivals={sweep: {rate: 2 /s}}", "--set", "endpoint.warm=true", "--of", "traffic"),
            "a single sweep calls every model once",
        ),
    ],
)
def test_mistakes_are_refused_before_anything_is_simulated(
    mmesim: Command, file: Path, arguments: tuple[str, ...], message: str
):
    done = mmesim("capacity", file, *STORE, *arguments)
    assert (done.code, done.out) == (64, "")
    assert message in words(done.err)
    assert not Path("store.sqlite").exists()


@pytest.mark.slow
def test_recorded_traffic_has_no_more_models_but_more_traffic(mmesim: Command, file: Path):
    calls = "".join(f"{k / 10},small-{k % 20:03d}\n" for k in range(300))
    Path("calls.csv").write_text(f"time,model\n{calls}")
    stream = "traffic: {name: calls, trace: {file: calls.csv}}"
    file.write_text(
        SCENARIO.replace("traffic: {name: calls, arrivals: {poisson: {rate: 20 /s}}}", stream)
        .replace("warm: stationary", "warm: true")
        .replace("cache_hit_ratio >= 99 %", "p50 < 100 ms")
    )
    refused = mmesim("capacity", file, *STORE)
    assert refused.code == 64
    assert "calls the models that it names" in refused.err
    done = mmesim("capacity", file, *STORE, "--of", "traffic", "--up-to", "2")
    assert done.code == 0, done.err
    assert "is the same trace in every replication" in words(done.out)
