"""A capacity that is broken off says what is known so far, and the same again goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmesim.experiment.capacity.capacity import capacity
from mmesim.experiment.runs import Watch
from mmesim.report.content.capacity import answer, capacity_report
from mmesim.report.text import text
from tests.helpers.texts import load_text

SCENARIO = """
name: cache
endpoint: {vcpu: 4, memory: 16 GiB, usable_memory: 100 MiB, base_memory: 0, warm: stationary, unload: 0 s}
server: {overhead: none, process_start: {cpu: 0 s}}
models:
  - {name: m, count: 20, artifact_size: 0, memory: 1 MiB, process_memory: 0, load: {cpu: 0 s}, service: {wait: 1 ms}}
traffic: {arrivals: {poisson: {rate: 20 /s}}}
run: {duration: 30 s, warmup: 0 s, seed: 1}
expect: [cache_hit_ratio >= 99 %]
"""


def stop_after(runs: int) -> Watch:
    def watch(simulated: int, found: int, everything: int, calls: int) -> None:
        if simulated >= runs:
            raise KeyboardInterrupt

    return watch


@pytest.mark.slow
def test_short_runs_alone_say_where_the_limit_seems_to_be_and_the_same_again_goes_on(tmp_path: Path):
    scenario, store = load_text(SCENARIO), tmp_path / "store.sqlite"
    stopped = capacity(scenario, store=store, watch=stop_after(25))
    assert (stopped.finished, stopped.seems_to_fit, stopped.seems_not_to_fit) == (False, 20, 40)
    assert (stopped.largest, stopped.smallest_failing, stopped.knee) == (None, None, None)
    assert answer(stopped) == (
        "stopped before the end: nothing is decided; short runs see the limit between 20 and 40 models"
    )
    assert text(capacity_report(stopped))
    whole = capacity(scenario, store=store)
    assert (whole.finished, whole.largest, whole.smallest_failing) == (True, 25, 26)
    assert whole.simulated == whole.replications - stopped.simulated


@pytest.mark.slow
def test_what_was_decided_stays_decided():
    scenario = load_text(SCENARIO)
    whole = capacity(scenario)
    stopped = capacity(scenario, watch=stop_after(whole.simulated - 1))
    assert not stopped.finished
    assert stopped.largest == 25
    assert "stopped before the end, so far: 5 more models fit" in " ".join(text(capacity_report(stopped)).split())


def test_nothing_at_all_to_say_goes_on_as_an_interrupt():
    with pytest.raises(KeyboardInterrupt):
        capacity(load_text(SCENARIO), watch=stop_after(3))
