"""No line of a report is wider than the terminal, or than 80 columns where stdout is none."""

import sys
from io import StringIO
from pathlib import Path

import pytest

from mmesim.cli.common import tell
from tests.helpers.terminal import Terminal

WIDE = """\
name: a-name-that-is-much-longer-than-it-needs-to-be-for-a-scenario
endpoint: {instance_type: ml.m5.xlarge, instance_count: 2, region: us-east-1}
server: {job_queue_size: 5000}
models:
  - name: tenant-of-the-whole-product
    count: 200
    artifact_size: 200 MB
    memory: {uncertain: {low: 150 MiB, mid: 200 MiB, high: 400 MiB}}
    framework: xgboost
    service: {cpu: {lognormal: {mean: 120 ms, cv: 0.8}}}
traffic:
  - {arrivals: {poisson: {rate: 40 /s}}, popularity: {zipf: {uncertain: {low: 0.5, mid: 0.9, high: 1.2}}}}
clients: {timeout: 70 s}
run: {duration: 6 min, warmup: 1 min, replications: 2, seed: 1}
expect: [p99 < 500 ms, cache_hit_ratio >= 95 %, error_rate < 0.1 %, loads < 2000 /h, cost.month < 1000 USD]
"""
GRID = ["--grid", "endpoint.instance_count=1,4", "--grid", "endpoint.router.policy=sticky,least_outstanding"]
COMMANDS = [
    ["validate", "wide.yaml"],
    ["run", "wide.yaml"],
    ["run", "wide.yaml", "--quiet"],
    ["diff", "wide.yaml", "--set", "endpoint.router.policy=least_outstanding"],
    ["diff", "wide.yaml", "--set", "endpoint.instance_count=8", "--set-both", "run.replications=1"],
    ["sweep", "wide.yaml", *GRID],
    ["sweep", "wide.yaml", *GRID, "--metrics", "mean,p99,throughput,loaded_models,cost_per_month,cost_per_million"],
    ["robustness", "wide.yaml"],
    ["robustness", "wide.yaml", "--quiet"],
    ["robustness", "wide.yaml", "--full", "--set", "run.duration=70 s"],
    ["uncertain", "wide.yaml", "--draws", "8"],
    ["explain", "wide.yaml", "--replications", "2"],
    ["explain", "wide.yaml", "--replications", "2", "--quiet"],
]


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=[" ".join(command) for command in COMMANDS])
def test_a_report_fits_80_columns(mmesim, command):
    Path("wide.yaml").write_text(WIDE)
    shown = mmesim(*command)
    assert shown.code == 0, shown.err
    assert shown.out
    assert [line for line in shown.out.splitlines() if len(line) > 80] == []


def test_a_sentence_on_stderr_is_wrapped_on_a_terminal_and_one_line_elsewhere(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    sentence = "warning: " + "a word and another one; " * 9
    for stream, lines in ((Terminal(), 3), (StringIO(), 1)):
        monkeypatch.setattr(sys, "stderr", stream)
        tell(sentence.strip())
        found = stream.getvalue().splitlines()
        assert len(found) == lines
        assert " ".join(line.strip() for line in found) == sentence.strip()
        assert lines == 1 or max(map(len, found)) <= 80
