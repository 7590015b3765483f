"""Times one case of any commit since 280d432, whose root is on PYTHONPATH: `python timed.py fits-8 1`, by its path.

It asks that commit for nothing but `Simulation` and the scenarios of `tests.perf.workloads`. Prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time

sys.path.pop(0)  # the folder of this file: all modules are those of the commit

from mmesim.engine.simulation import Simulation
from tests.perf import workloads

FITS = {"fits-8": (8, 400, 2_000_000), "fits-200": (200, 10_000, 1_000_000), "fits-1000": (1_000, 50_000, 1_000_000)}
OVERFULL = (8, 40_000, 200_000)


def main(case: str, scale: float) -> None:
    Simulation(workloads.queue(1))  # the kernel is loaded
    if case == "queue":
        scenario = workloads.queue(round(1_000_000 * scale))
    elif case == "thrashing":
        scenario = workloads.thrashing(round(30_000 * scale))
    else:
        hosts, models, requests = FITS.get(case, OVERFULL)
        scenario = workloads.everything_fits(hosts, models, round(requests * scale))
    scenario.model_table()
    begun = time.process_time()
    simulation = Simulation(scenario)
    ready = time.process_time()
    data = simulation.run()
    ended = time.process_time()
    units = len(simulation.loader.finished) if case in ("thrashing", "overfull") else data.calls_all
    facts = {"setup_s": ready - begun, "run_s": ended - ready, "units": units}
    sys.stdout.write(json.dumps(facts) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
