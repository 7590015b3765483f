"""The calls of a run, written as a log and read back by the name of its layout, come when they came."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mmesim
from mmesim.scenario.traffic.trace.trace import TraceSource
from mmesim.workload.trace.names import Numbered
from mmesim.workload.trace.replay.replay import Draws, replayed
from tests.helpers.logs import WRITERS, Call, log_of
from tests.helpers.texts import load_text

# An overloaded host: the ends are nothing like the beginnings.
TEXT = """\
name: overloaded
endpoint: {vcpu: 2, memory: 8 GiB, warm: true}
server: {job_queue_size: 10000}
models:
  name: m
  count: 5
  artifact_size: 5 MB
  memory: 10 MiB
  framework: xgboost
  service: {cpu: {gamma: {mean: 200 ms, cv: 1}}}
traffic: [{arrivals: {poisson: {rate: 15 /s}}, popularity: {zipf: 1.0}}]
clients: {timeout: 10 min}
run: {duration: 2 min, seed: 3}
"""


@pytest.fixture(scope="module")
def calls() -> list[Call]:
    table = mmesim.run(load_text(TEXT), records=-1).requests
    found = [
        Call(begin, latency / 1e3, model)
        for begin, latency, model in zip(
            table["arrival_s"].tolist(), table["latency_ms"].tolist(), table["model"].tolist(), strict=True
        )
    ]
    assert len(found) > 1500
    # The order of the ends says nothing of that of the beginnings: it matters which of them is taken.
    assert np.quantile([call.took_s for call in found], 0.9) > 10.0
    return found


@pytest.mark.filterwarnings("ignore:.*all times are multiples:mmesim.errors.TraceWarning")
@pytest.mark.parametrize("layout", WRITERS)
def test_a_log_is_read_back_within_its_resolution(tmp_path: Path, calls: list[Call], layout: str) -> None:
    file = tmp_path / "calls.log"
    file.write_text(log_of(layout, calls))
    names = Numbered()
    parts = list(
        replayed(TraceSource.model_validate({"file": str(file), "format": layout}), names, Draws(1, 0, "t"), 500)
    )
    time = np.concatenate([part.time for part in parts])
    model = np.array(names.names)[np.concatenate([part.model for part in parts])]
    assert len(time) == len(calls)
    _, resolution = WRITERS[layout]
    first = min(call.begin_s for call in calls)
    for name in names.names:
        true = np.sort([call.begin_s - first for call in calls if call.model == name])
        # Two rounded times, the end and the duration; and those of the first call, from which all are counted.
        assert np.abs(np.sort(time[model == name]) - true).max() <= 2.0 * resolution + 2e-3
