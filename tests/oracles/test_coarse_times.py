"""A log of whole seconds gives the latencies of the traffic that it recorded, where that has no structure below 1 s."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

import mmesim
from mmesim.arrays import Floats
from mmesim.errors import TraceWarning
from tests.helpers.texts import load_text

FIGURES = ("mean", "p50", "p99")
TEXT = """\
name: coarse
endpoint: {{vcpu: {vcpu}, memory: 64 GiB, warm: true}}
models:
  name: m
  count: {models}
  artifact_size: 5 MB
  memory: 10 MiB
  framework: xgboost
  service: {{cpu: {{gamma: {{mean: {service} ms, cv: {cv}}}}}}}
traffic: [{{trace: {{file: {file}, service: false}}}}]
run: {{duration: {duration} s, seed: {seed}}}
"""


def workload(number: int) -> dict[str, float]:
    """Random within what people run: 2-16 vCPUs, 2-40 models, calls of 5-80 ms, hosts up to 60 % busy."""
    rng = np.random.default_rng(1000 + number)
    vcpu, models = int(rng.choice([2, 4, 8, 16])), int(rng.integers(2, 41))
    service, cv = float(rng.uniform(5.0, 80.0)), float(rng.uniform(0.2, 1.5))
    # Of one worker each, the models bind as well as the vCPUs.
    places = min(vcpu, models)
    return {
        "vcpu": vcpu,
        "models": models,
        "service": round(service, 3),
        "cv": round(cv, 3),
        "rate": float(rng.uniform(0.1, 0.6)) * 0.5 * places / service * 1e3,
    }


def latencies(folder: Path, given: dict[str, float], calls: int, seeds: int) -> tuple[Floats, Floats]:
    """[figures]: of the exact times and of whole seconds, averaged over seeds."""
    found: Floats = np.zeros((2, len(FIGURES)))
    for seed in range(1, seeds + 1):
        rng = np.random.default_rng(seed)
        time = np.cumsum(rng.exponential(1.0 / given["rate"], calls))
        model = rng.integers(0, int(given["models"]), calls)
        width = max(3, len(str(int(given["models"]) - 1)))
        for row, times in enumerate((time, np.floor(time))):
            file = folder / f"{row}.csv"
            lines = [f"{t:.6f},m-{m:0{width}d}\n" for t, m in zip(times.tolist(), model.tolist(), strict=True)]
            file.write_text("time,model\n" + "".join(lines))
            text = TEXT.format(file=file, duration=int(time[-1]) + 1, seed=seed, **given)
            latency = mmesim.run(load_text(text)).summary["latency_ms"]
            found[row] += [latency[name]["value"] / seeds for name in FIGURES]
    return found[0], found[1]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(10))
def test_whole_seconds_give_the_latencies_of_exact_times(tmp_path: Path, number: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TraceWarning)
        exact, coarse = latencies(tmp_path, workload(number), calls=50_000, seeds=20)
    error = np.abs(coarse / exact - 1.0)
    assert (error <= [0.05, 0.05, 0.15]).all(), dict(zip(FIGURES, error.tolist(), strict=True))
