"""Events of the kernel, counted in plain Python: `NUMBA_DISABLE_JIT=1 python -m tests.perf.events 2000` (requests).

Prints one JSON object: for each scenario, per request, the turns of the kernel's loop and how often the next end of CPU
work of a host was computed anew.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

from mmesim.engine.kernel import step
from mmesim.engine.simulation import Simulation
from mmesim.scenario import Scenario
from tests.perf import workloads

COUNTED = {"room": "turns", "refresh": "refreshes"}
"""Functions of the loop that are called once for each."""


def main(words: list[str]) -> None:
    requests = int(words[0])
    counts: Counter[str] = Counter()

    def counted(function: Callable[..., Any], what: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            counts[what] += 1
            return function(*arguments)

        return call

    for name, what in COUNTED.items():
        setattr(step, name, counted(getattr(step, name), what))

    def of(scenario: Scenario) -> dict[str, float]:
        counts.clear()
        calls = Simulation(scenario).run().calls_all
        return {what: counts[what] / calls for what in COUNTED.values()}

    facts = {"fits-8": of(workloads.everything_fits(8, 400, requests)), "queue": of(workloads.queue(requests))}
    sys.stdout.write(json.dumps(facts) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
