"""What only a process of its own can tell of itself: `python -m tests.perf.probe memory 1000000`, `start`,
`sweep 1000` (points) or `jobs 5` (seconds of one replication).

Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path


def peak_memory_bytes() -> int:
    """Most physical memory that this process has had.

    Linux hands the figure of `getrusage` down from the parent process, so there it is read from /proc.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def memory(requests: int) -> dict[str, float]:
    """Peak memory of a run without records, eight hosts where everything fits."""
    from mmesim.engine.simulation import simulate
    from tests.perf.workloads import everything_fits

    data = simulate(everything_fits(hosts=8, models=400, requests=requests))
    return {"requests": data.calls_all, "peak_bytes": peak_memory_bytes()}


def start() -> dict[str, float]:
    """Seconds until the kernel is ready, compiled or loaded from the cache; imports not counted."""
    from mmesim.engine.simulation import Simulation
    from tests.perf.workloads import queue

    scenario = queue(1)
    begun, cpu_begun = time.perf_counter(), time.process_time()
    Simulation(scenario)
    return {"kernel_s": time.perf_counter() - begun, "kernel_cpu_s": time.process_time() - cpu_begun}


SWEEP_REPLICATIONS = 2
REPLICATIONS = 6
MODELS = 500


def sweep(points: int) -> dict[str, float]:
    """Peak memory of the process that asks for a sweep of that many points, with a store, run by two others."""
    from mmesim.experiment.sweep.sweep import sweep
    from tests.perf.workloads import everything_fits

    scenario = everything_fits(hosts=8, models=MODELS, requests=20_000)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "sweep.sqlite")
        begun, cpu_begun = time.perf_counter(), time.process_time()
        # The limit of the queue decides nothing here: each point is another simulation of the same size.
        grid = {"server.job_queue_size": list(range(1000, 1000 + points))}
        result = sweep(scenario, grid, replications=SWEEP_REPLICATIONS, jobs=2, store=file, most=None)
        return {
            "points": len(result.frame),
            "models": MODELS,
            "replications": SWEEP_REPLICATIONS,
            "peak_bytes": peak_memory_bytes(),
            "store_bytes": file.stat().st_size,
            "wall_s": time.perf_counter() - begun,
            "cpu_s": time.process_time() - cpu_begun,
        }


def jobs(seconds: float) -> dict[str, float]:
    """Wall-clock time of replications of about that length, one after the other and two at the same time.

    The CPU time of both tells whether others used the machine: then it does not explain the wall-clock time.
    """
    from mmesim.experiment.replicate import run_replications
    from tests.perf.workloads import everything_fits

    size = 200_000
    trial = run_replications(everything_fits(hosts=8, models=400, requests=size), records=None)
    scenario = everything_fits(hosts=8, models=400, requests=int(size * seconds / trial.runs[0].wall_s))
    facts: dict[str, float] = {"replications": REPLICATIONS}
    for count in (1, 2):
        begun, cpu_begun = time.perf_counter(), _cpu_s()
        result = run_replications(scenario, only=range(REPLICATIONS), jobs=count, records=None)
        facts[f"wall_{count}_s"] = time.perf_counter() - begun
        facts[f"cpu_{count}_s"] = _cpu_s() - cpu_begun
        facts[f"replication_{count}_s"] = max(run.wall_s for run in result.runs)
    return facts | {"ratio": facts["wall_1_s"] / facts["wall_2_s"]}


def _cpu_s() -> float:
    """CPU time of this process and of those that it has begun and that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main(words: list[str]) -> None:
    name, *rest = words
    probes: dict[str, Callable[[], dict[str, float]]] = {
        "memory": lambda: memory(int(rest[0])),
        "start": start,
        "sweep": lambda: sweep(int(rest[0])),
        "jobs": lambda: jobs(float(rest[0])),
    }
    facts = probes[name]()
    sys.stdout.write(json.dumps(facts) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
