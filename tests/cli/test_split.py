"""`mmesim split`: report, JSON, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers.command import Command

SCENARIO = """\
name: two-kinds
endpoint: {instance_type: ml.m5.xlarge, instance_count: 2, warm: true}
models:
  - {name: tenant, count: 20, framework: xgboost, artifact_size: 20 MB, memory: 25 MiB, service: {cpu: 10 ms}}
  - {name: hot, framework: xgboost, workers: 4, artifact_size: 20 MB, memory: 25 MiB, service: {cpu: 15 ms}}
traffic:
  - {name: tenants, models: [tenant], arrivals: {poisson: {rate: 100 /s}}}
  - {name: hot, models: [hot], arrivals: {poisson: {rate: 90 /s}}}
run: {duration: 60 s, warmup: 10 s, replications: 3, seed: 2}
expect: [p99 of hot < 150 ms, p99 of tenant < 150 ms]
split: {options: [dedicated, serverless], instance_types: [ml.m5.xlarge, ml.c5.large]}
"""


@pytest.fixture
def file(mmesim: Command) -> Path:
    """A scenario in the working folder."""
    path = Path("two.yaml")
    path.write_text(SCENARIO)
    return path


def test_a_split_that_saves_exits_with_0(mmesim: Command, file: Path):
    done = mmesim("split", file)
    assert done.code == 0, done.err
    shown = " ".join(done.out.split())
    assert "move hot to an endpoint of its own (2 x ml.c5.large)" in shown
    assert "keeps every line" in shown
    assert "--set 'endpoint.without=[hot]' --set endpoint.instance_count=1" in shown
    assert "serverless left out: AWS publishes no figure for split.serverless.setup, split.serverless.idle" in shown
    assert [line for line in done.out.splitlines() if len(line) > 80] == []
    assert done.err == ""


def test_none_that_saves_exits_with_1(mmesim: Command, file: Path):
    done = mmesim("split", file, "--set", "traffic.hot.arrivals.poisson.rate=5 /s", "--quiet")
    assert done.code == 1, done.err
    assert " ".join(done.out.split()) == (
        "no split that was tried keeps every line and costs less: leave the models together"
    )


def test_json_and_a_store(mmesim: Command, file: Path):
    first = mmesim("split", file, "--json", "--store", "s.sqlite")
    again = mmesim("split", file, "--json", "--store", "s.sqlite")
    found, repeated = json.loads(first.out), json.loads(again.out)
    assert found["verdict"] == "pass"
    assert found["used"].pop("simulated") > 0
    assert repeated["used"].pop("simulated") == 0
    assert found == repeated


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "expect=[]"), "nothing is expected"),
        (("--set", "split.candidates=[[hit]]"), "there is no model or group 'hit' (did you mean hot?)"),
        (("--replications", "1"), "--replications"),
        (("--set", "split.serverles={setup: 3 s}"), "did you mean serverless?"),
    ],
)
def test_bad_input_exits_with_64(mmesim: Command, file: Path, words: tuple[str, ...], said: str):
    done = mmesim("split", file, *words)
    assert done.code == 64
    assert said in done.err
    assert "Traceback" not in done.err
