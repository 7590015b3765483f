"""How small a change the gate finds: of a service time where all models are warm, and of the misses in the gap."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from mmesim.engine.simulation import simulate
from mmesim.experiment.gate.shown import Histograms
from mmesim.scenario.file.load import load
from mmesim.scenario.run.expect import read_expectation
from tests.gate_study.cells import GAPS, WARM, Population
from tests.gate_study.gates import Asked, tally
from tests.gate_study.pools import Pool, Tell, simulate_missing
from tests.gate_study.questions import EASY_GATES, answered, truths

RUNS = 300
"""Replications that give a p99."""
MOVED = 1.03
"""What p99 is moved by."""
SERVICE_MS = 12.0
"""Mean service time of scenarios/ci/warm.yaml."""
CHANGED = 2_000
"""Replications with the changed service time."""
DETECTED = 0.9
"""Share of gates that find a change which counts as detectable."""


def p99_ms(service_ms: float) -> float:
    """The p99 of scenarios/ci/warm.yaml with this mean service time, over the same replications each time."""
    scenario = load(WARM, [service(service_ms)])
    histograms = Histograms()
    for number in range(RUNS):
        histograms.add(simulate(scenario, number))
    found = histograms.percentile_ms(read_expectation("p99 < 1 s"))
    assert found is not None
    return found


def service(mean_ms: float) -> str:
    """The override that sets the mean service time; its spread stays as it is."""
    return f"models.scorer.service.cpu.lognormal.mean={mean_ms:.6g} ms"


def service_that_moves(before_ms: float) -> float:
    """The mean service time with which p99 is MOVED times what it was: by the secant, the runs being the same."""
    goal = MOVED * before_ms
    low, high = SERVICE_MS, SERVICE_MS * 1.04
    at_low, at_high = before_ms, p99_ms(high)
    for _ in range(2):
        low, high, at_low = high, high + (goal - at_high) * (high - low) / (at_high - at_low), at_high
        at_high = p99_ms(high)
    return high


def moved(folder: Path, jobs: int, tell: Tell) -> dict[str, Any]:
    """Gates whose limit is today's p99, on a service time that moves p99 by 3 %."""
    found = answered("p99-of-warm", folder, [], _today)
    limit = f"p99 < {found['p99_ms']:.1f} ms"
    changed = Population("warm-changed", WARM, (limit,), CHANGED, (service(found["service_ms"]),))
    simulate_missing([changed], folder, jobs, tell)
    pool = Pool(changed, folder)
    lines = len(load(WARM).expect)

    def gates() -> dict[str, Any]:
        asked = Asked(changed.scenario(), changed.lines()[0], lines)
        return asdict(tally(asked, pool.rows(0), EASY_GATES, (100,)))

    true = truths(pool, 0)
    counted = answered("warm-moved", folder, [pool], gates)
    return {**found, "limit": limit, "lines": lines, "share": true["pass"], "beyond": true["fail"], "tally": counted}


def _today() -> dict[str, Any]:
    before_ms = p99_ms(SERVICE_MS)
    service_ms = service_that_moves(before_ms)
    return {"p99_ms": before_ms, "service_ms": service_ms, "moved_ms": p99_ms(service_ms)}


def in_the_gap(folder: Path, tell: Tell) -> list[dict[str, Any]]:
    """For each share of cold calls near today's, which is what is allowed: how many gates fail."""
    pools = [Pool(one, folder) for one in GAPS]
    today = truths(pools[0], 0)["pass"]
    rows = []
    for number, pool in enumerate(pools):
        asked = Asked(pool.population.scenario(), pool.population.lines()[0]).allowing(today)

        def gates(asked: Asked = asked, pool: Pool = pool, number: int = number) -> dict[str, Any]:
            return asdict(tally(asked, pool.rows(0), EASY_GATES, (200, number)))

        counted = answered(pool.population.name, folder, [pools[0], pool], gates)
        rows.append({"name": pool.population.name, "share": truths(pool, 0)["fail"], "tally": counted})
        tell(f"{pool.population.name}: {len(pool):,} replications")
    return rows
