"""What scaling and faults cost that change nothing: `python -m tests.perf.switched_on docs/performance.md`.

An hour of scenarios/quickstart.yaml, in pairs of runs within one process, without and with: both make the same calls,
so the ratio of their CPU time is the cost. The table replaces what stands between the marker lines of the document.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any

from mmesim.engine.simulation import Simulation
from mmesim.scenario import Scenario
from tests.helpers.files import ROOT
from tests.perf.figures import number
from tests.perf.tables import splice, table

BEGIN = "<!-- switched on: written by `make bench-switched-on` -->"
END = "<!-- end of switched on -->"
MOST = 1.10
"""Goal: the ratio is at most this."""
FILE = ROOT / "scenarios" / "quickstart.yaml"


def _scaling(metric: str, target: float, **more: str) -> dict[str, Any]:
    hosts = Scenario.from_yaml(FILE).endpoint.instance_count
    policy = {"target_tracking": {"metric": metric, "target": target, **more}}
    return {"endpoint.autoscaling": {"min": hosts, "max": hosts, "policies": [policy]}}


CASES: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "a policy on a metric of one minute": _scaling("InvocationsPerInstance", 4000),
        "a policy on a metric of ten seconds": _scaling("ConcurrentRequestsPerModel", 50, period="10 s"),
        "a policy on `CPUUtilization` of ten seconds": _scaling("CPUUtilization", 200, period="10 s"),
        "faults of S3 that slow nothing down, all the time": {
            "faults": [{"name": "s3", "at": "1 s", "slow_s3": {"factor": 1.0}}]
        },
    }
)
"""What is switched on -> the keys that do."""


def scenario(changes: Mapping[str, Any], minutes: float) -> Scenario:
    """One replication, without and with."""
    run = {"run.duration": f"{minutes} min", "run.warmup": "0 s", "run.replications": 1}
    return Scenario.from_yaml(FILE).with_({**run, **changes})


def timed(case: Scenario) -> tuple[float, int]:
    """CPU time of a run, set-up apart, and its number of calls."""
    simulation = Simulation(case)
    gc.collect()
    begun = time.process_time()
    data = simulation.run()
    return time.process_time() - begun, data.calls_all


def ratios(changes: Mapping[str, Any], minutes: float, pairs: int) -> list[float]:
    """CPU time with over that without, of each pair; which of the two runs first alternates."""
    without, with_it = scenario({}, minutes), scenario(changes, minutes)
    assert timed(without)[1] == timed(with_it)[1]
    found = []
    for k in range(pairs):
        first, second = (without, with_it) if k % 2 else (with_it, without)
        one, other = timed(first)[0], timed(second)[0]
        found.append(other / one if k % 2 else one / other)
    return found


def row(what: str, found: list[float]) -> tuple[str, ...]:
    """A line of the table."""
    middle = median(found)
    verdict = "met" if middle <= MOST else "**missed**"
    return what, f"{middle:.3f}", f"{number(min(found))} to {number(max(found))}", f"{MOST:.2f}: {verdict}"


def main() -> None:
    """Time the pairs, print the table and rewrite the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("document", type=Path, nargs="?", help="where the table goes")
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--minutes", type=float, default=60.0, help="simulated, of each run")
    given = parser.parse_args()
    rows = [row(what, ratios(changes, given.minutes, given.pairs)) for what, changes in CASES.items()]
    text = table(("switched on", "CPU time, with / without", "pairs", "goal"), rows)
    sys.stdout.write(text + "\n")
    if given.document is not None:
        told = f"{given.pairs} pairs.\n\n{text}"
        given.document.write_text(splice(given.document.read_text("utf-8"), told, BEGIN, END), "utf-8")


if __name__ == "__main__":
    main()
