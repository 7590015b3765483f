"""How busy workers are: timelines computed by hand, and queues whose utilization is known."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmesim.engine.simulation import Simulation, simulate
from mmesim.results.expect.expect import judge
from mmesim.results.figures.figures import FORMULAS
from mmesim.results.figures.latency import pool
from mmesim.results.measured.run_data import RunData
from mmesim.results.summary.summary import summarise
from mmesim.scenario import Download, RunSettings
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.values.times import Constant
from tests.behaviour.timeline import endpoint, model, play, scenario

QUEUE = Path(__file__).parents[3] / "scenarios" / "mmc.yaml"


def times(data: RunData) -> list[list[float]]:
    """Busy seconds of the workers of each model, and all their seconds."""
    return [data.tenants.worker_busy_s.tolist(), data.tenants.worker_s.tolist()]


def measured(case: Scenario, duration_s: float, warmup_s: float = 0.0) -> Scenario:
    changed: Scenario = case.model_copy(update={"run": RunSettings(duration_s=duration_s, warmup_s=warmup_s)})
    return changed


def test_jobs_count_as_far_as_they_lie_in_the_measured_time(tmp_path: Path) -> None:
    # The worker is busy from 0 to 4, from 10 to 14 and from 18 to 22; measured from 2 to 20. Nobody calls b.
    calls = [(0.0, "a", 4.0), (10.0, "a", 4.0), (18.0, "a", 4.0)]
    case = scenario(tmp_path, calls, [model("a"), model("b")], endpoint(warm=True))
    data = play(Simulation(measured(case, 20.0, 2.0), records=-1)).data
    assert times(data) == [pytest.approx([2.0 + 4.0 + 2.0, 0.0]), pytest.approx([18.0, 18.0])]
    assert FORMULAS["workers.utilization"].of(data) == pytest.approx(8.0 / 36.0)
    assert FORMULAS["workers.busiest"].of(data) == pytest.approx(8.0 / 18.0)
    found: Any = summarise(case, [data], "1")["workers"]
    assert (found["utilization"]["value"], found["busiest_model"]) == (pytest.approx(8.0 / 36.0), "a")


def test_workers_count_only_while_their_model_is_loaded(tmp_path: Path) -> None:
    # One copy fits. a is ready from 1.5 to 70.5, when b pushes it out; b is ready from 71.52 on.
    download = Download(first_byte=Constant(0.5), unpack_Bps_per_vcpu=None, stream_Bps=1e18)
    models = [model("a", artifact_bytes=1000), model("b", artifact_bytes=1000, workers=2)]
    place = endpoint(copies=2, disk_bytes=4000, download=download)
    models[0] = model("a", artifact_bytes=1000, memory_bytes=190 * 2**20)
    calls = [(0.0, "a", 0.1), (0.4, "a", 0.1), (30.0, "a", 0.2), (70.0, "b", 2.0)]
    data = play(Simulation(measured(scenario(tmp_path, calls, models, place), 150.0, 20.0), records=-1)).data
    assert times(data) == [pytest.approx([0.2, 2.0]), pytest.approx([50.5, 2 * 78.48])]
    assert FORMULAS["workers.utilization"].of(data) == pytest.approx(2.2 / (50.5 + 2 * 78.48))
    np.testing.assert_allclose(
        data.windows["WorkerUtilization"],
        [100 * 0.4 / 58.5, 100 * 2.0 / (10.5 + 2 * 48.48), 0.0],
    )


def test_a_worker_that_fills_its_batch_is_busy(tmp_path: Path) -> None:
    # It takes the call of 1 s, waits 3 s for others and works 2 s.
    models = [model("a", batch_size=4, max_batch_delay_s=3.0)]
    case = scenario(tmp_path, [(1.0, "a", 2.0)], models, endpoint(warm=True))
    data = play(Simulation(measured(case, 10.0), records=-1)).data
    assert times(data) == [pytest.approx([5.0]), pytest.approx([10.0])]


def test_a_dead_worker_is_not_there(tmp_path: Path) -> None:
    # Two workers; the one that died at 3 s comes back after 1 s of back-off and 1 s of loading. It had worked 2 s.
    case = measured(scenario(tmp_path, [(1.0, "a", 9.0)], [model("a", workers=2)], endpoint(warm=True)), 10.0)
    simulation = Simulation(case, records=-1)

    def crash() -> Generator[Any, Any, None]:
        yield simulation.env.timeout(3.0)
        views = simulation.plane.tables.views
        busy = int(np.flatnonzero(views.workers.head >= 0)[0])
        simulation.loader.crew.crash(0, 0 if busy == int(views.pools.first_worker[0]) else 1)

    simulation.env.process(crash())
    assert times(play(simulation).data) == [pytest.approx([2.0]), pytest.approx([2 * 10.0 - 2.0])]


@pytest.mark.parametrize(("workers", "rate_per_s"), [(1, 20.0), (4, 80.0), (4, 40.0), (16, 300.0)])
def test_the_utilization_of_a_queue_is_its_load(workers: int, rate_per_s: float) -> None:
    """M/M/c: arrival rate x mean service (40 ms) / workers, within the interval over ten replications."""
    of = Scenario.from_yaml(
        QUEUE,
        [
            f"models.queue.workers={workers}",
            f"traffic.traffic-0.arrivals.poisson.rate={rate_per_s} /s",
            "run.duration=20 min",
            "run.warmup=1 min",
            "run.replications=10",
            "expect=[workers.utilization < 99 %, workers.busiest >= 1 %]",
        ],
    )
    runs = [simulate(of, number) for number in range(10)]
    found: Any = summarise(of, runs, "1")["workers"]
    truth = rate_per_s * 0.040 / workers
    low, high = found["utilization"]["ci95"]
    assert low <= truth <= high
    assert high - low < 0.03 * truth
    assert found["busiest"]["value"] == pytest.approx(found["utilization"]["value"], rel=1e-6)
    assert [entry["verdict"] for entry in judge(of, runs, pool(runs))] == ["pass", "pass"]
