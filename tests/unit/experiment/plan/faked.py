"""Fleets whose share of slow calls is given, and the scenario that they are fleets of."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmesim.experiment.execute.task import Observer
from mmesim.experiment.plan.plan import plan
from mmesim.experiment.plan.result import PlanResult
from mmesim.results.answers.planned import Fleet
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario
from mmesim.workload.draws.generators import generator
from tests.unit.experiment.fakes import Fake
from tests.unit.results.synthetic import Call, run_data, windows

TEXT = """\
name: fleets
endpoint: {{vcpu: 4, memory: 16 GiB, instance_count: {own}, price_per_hour: 1 USD}}
models: [{{name: m, count: 2, artifact_size: 1 MB, memory: 10 MB, service: {{cpu: 5 ms}}}}]
traffic: [{{arrivals: {{poisson: {{rate: {rate} /s}}}}}}]
run: {{duration: {duration} s, warmup: 20 s}}
expect: {expect}
plan: {plan}
"""

Share = Callable[[Scenario], float]


@dataclass
class Engine:
    """A hundred calls for each hundred seconds, of which each is slow with a chance that depends on the fleet."""

    slow: Share
    windows: Mapping[str, Any] = field(default_factory=dict)
    runs: list[tuple[int, int, float]] = field(default_factory=list)
    """Instances, number and measured seconds of each run that was simulated."""

    def __call__(self, scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
        run_s, count = scenario.run.duration_s - scenario.run.cut_s, scenario.endpoint.instance_count
        self.runs.append((count, replication, run_s))
        draws = generator(scenario.run.seed, replication, "fake").random(round(run_s))
        share, slow, fast = self.slow(scenario), Call(0.9), Call(0.1)
        calls = [slow if draw < share else fast for draw in draws.tolist()]
        minutes = windows(math.ceil(scenario.run.duration_s / 60.0), **self.windows)
        return run_data(scenario, calls, replication=replication, windows=minutes, records=None)


def by_count(*shares: float) -> Share:
    """The share of slow calls of one instance, of two, and so on; of more as many as of the last."""
    return lambda scenario: shares[min(scenario.endpoint.instance_count, len(shares)) - 1]


def write(
    folder: Path,
    expect: str = "[p90 < 500 ms]",
    plan: str = "{grid: {endpoint.instance_count: 1..6}}",
    own: int = 5,
    duration: int = 120,
    rate: int = 1,
) -> Path:
    path = folder / "fleets.yaml"
    path.write_text(TEXT.format(expect=expect, plan=plan, own=own, duration=duration, rate=rate))
    return path


def planned(engine: Engine, file: Path, overrides: Sequence[str] = (), store: Path | None = None) -> PlanResult:
    return plan(file, overrides=overrides, executor=Fake(engine), store=store)


def states(result: PlanResult) -> dict[int, str]:
    """Instances -> what was found of the fleet."""
    return {one.instance_count: one.state for one in result.document.fleets}


def of(result: PlanResult, count: int) -> Fleet:
    """The fleet of so many instances."""
    return next(one for one in result.document.fleets if one.instance_count == count)
