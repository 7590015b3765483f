"""The pilot that set the lengths of the runs: `python -m tests.oracles.pilot [name ...]` shows the queues' spreads."""

from __future__ import annotations

import sys

from mmesim.engine.simulation import simulate
from tests.oracles.queues import QUEUES, Queue, spread

RUNS = 64
CALLS = 60_000
SEED = 90_000
"""Far from the seed of the tests."""


def pilot(queue: Queue) -> float:
    """The spread of a queue, from `RUNS` independent runs of `CALLS` calls."""
    values = [queue.measure(simulate(queue.scenario(CALLS, SEED + k))) for k in range(RUNS)]
    return spread(values, CALLS, queue.truth)


if __name__ == "__main__":
    for queue in (queue for queue in QUEUES if not sys.argv[1:] or queue.name in sys.argv[1:]):
        sys.stdout.write(f"{queue.name:18} set {queue.spread:5.1f}  pilot {pilot(queue):6.2f}  calls {queue.calls:,}\n")
