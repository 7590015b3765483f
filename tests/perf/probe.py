"""What only a process of its own can tell of itself, such as `python -m tests.perf.probe memory 1000000`.

`start`; `cimba 100000 1` (customers, seed); `sweep 1000` (points); `jobs 5`, `dask 5 FOLDER` (seconds a replication);
`day 86400`, `write-trace 86400 FILE`, `day-trace 86400 FILE` (simulated seconds).

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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmesim.scenario import Scenario


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

    _load_kernel()
    begun = time.process_time()
    data = simulate(everything_fits(hosts=8, models=400, requests=requests))
    cpu_s = time.process_time() - begun
    return {"requests": data.calls_all, "cpu_s": cpu_s, "peak_bytes": peak_memory_bytes()}


def day(length_s: float, trace: Path | None = None) -> dict[str, float]:
    """CPU time and peak memory of a day of 1,000 calls a second, or of a part of it, with its set-up."""
    from mmesim.engine.simulation import simulate
    from tests.perf.day import drawn, traced

    _load_kernel()
    scenario = drawn(length_s) if trace is None else traced(length_s, trace)
    begun = time.process_time()
    data = simulate(scenario)
    cpu_s = time.process_time() - begun
    assert set(data.checks.values()) == {"ok"}, data.checks
    return {"requests": data.calls_all, "cpu_s": cpu_s, "peak_bytes": peak_memory_bytes()}


def write_trace(length_s: float, trace: Path) -> dict[str, float]:
    """Rows of the Parquet trace of such a day, which is written."""
    from tests.perf import day

    return {"requests": day.write_trace(trace, length_s)}


def cimba(customers: int, seed: int) -> dict[str, float]:
    """The common queue in Cimba's Python package: seconds of its compilation, imports not counted, and of its run."""
    from tests.perf.cases import textbook
    from tests.perf.cimba_queue import CimbaQueue

    begun, cpu_begun = time.perf_counter(), time.process_time()
    queue = CimbaQueue(textbook(), customers, seed)
    compiled, cpu_compiled = time.perf_counter(), time.process_time()
    mean_stay_s = queue.run()
    return {
        "compile_s": compiled - begun,
        "compile_cpu_s": cpu_compiled - cpu_begun,
        "wall_s": time.perf_counter() - compiled,
        "cpu_s": time.process_time() - cpu_compiled,
        "mean_stay_s": mean_stay_s,
    }


def _load_kernel() -> None:
    from mmesim.engine.simulation import Simulation
    from tests.perf.workloads import queue

    Simulation(queue(1))


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

    scenario = _of_length(seconds)
    facts: dict[str, float] = {"replications": REPLICATIONS}
    for count in (1, 2):
        begun, cpu_begun = time.perf_counter(), _cpu_s()
        result = run_replications(scenario, only=range(REPLICATIONS), jobs=count, records=None)
        facts[f"wall_{count}_s"] = time.perf_counter() - begun
        facts[f"cpu_{count}_s"] = _cpu_s() - cpu_begun
        facts[f"replication_{count}_s"] = max(run.wall_s for run in result.runs)
    return facts | {"ratio": facts["wall_1_s"] / facts["wall_2_s"]}


WORKERS = 4


def dask(seconds: float, folder: Path) -> dict[str, float]:
    """Replications of about that length in four processes: mmesim's own, then Dask workers that are there already.

    Both begin with what a new process has to import. The results must be the same bytes.
    """
    from contextlib import ExitStack

    from mmesim.experiment.execute.executors import cluster
    from mmesim.experiment.replicate import run_replications
    from tests.unit.experiment import dask

    scenario, wall_s, found = _of_length(seconds), [], []
    many = range(2 * WORKERS)
    begun = time.perf_counter()
    found.append(run_replications(scenario, only=many, jobs=WORKERS, records=None))
    wall_s.append(time.perf_counter() - begun)
    with ExitStack() as open_now:
        address = open_now.enter_context(dask.scheduler(folder))
        for _ in range(WORKERS):
            open_now.enter_context(dask.worker(address))
        dask.wait_for_workers(address, WORKERS)
        begun = time.perf_counter()
        with cluster(address) as executor:
            found.append(run_replications(scenario, only=many, executor=executor, records=None))
        wall_s.append(time.perf_counter() - begun)
    local, there = ({**result.summary, "wall_s": 0} for result in found)
    assert local == there
    own_s, dask_s = wall_s
    facts = {"replications": len(many), "own_s": own_s, "dask_s": dask_s}
    return facts | {"ratio": dask_s / own_s, "longer_s": (dask_s - own_s) / len(many)}


def _of_length(seconds: float) -> Scenario:
    """Eight hosts where everything fits, for so many calls that a replication takes about that long."""
    from mmesim.experiment.replicate import run_replications
    from tests.perf.workloads import everything_fits

    size = 200_000
    trial = run_replications(everything_fits(hosts=8, models=400, requests=size), records=None)
    return everything_fits(hosts=8, models=400, requests=int(size * seconds / trial.runs[0].wall_s))


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
        "dask": lambda: dask(float(rest[0]), Path(rest[1])),
        "day": lambda: day(float(rest[0])),
        "day-trace": lambda: day(float(rest[0]), Path(rest[1])),
        "write-trace": lambda: write_trace(float(rest[0]), Path(rest[1])),
        "cimba": lambda: cimba(int(rest[0]), int(rest[1])),
    }
    facts = probes[name]()
    sys.stdout.write(json.dumps(facts) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
