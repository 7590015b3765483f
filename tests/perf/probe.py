"""What only a process of its own can tell of itself: `python -m tests.perf.probe memory 1000000`, or `start`.

Prints one JSON object.
"""

from __future__ import annotations

import json
import resource
import sys
import time
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


def main(words: list[str]) -> None:
    facts = memory(int(words[1])) if words[0] == "memory" else start()
    sys.stdout.write(json.dumps(facts) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
