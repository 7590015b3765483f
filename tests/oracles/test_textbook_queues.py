"""The engine against queueing theory: at most 1 % from the truth, and at most four standard errors.

The seed is fixed, and the length of each run was set beforehand so that the standard error is at most 0.25 % of the
truth (see `Queue.spread`).
"""

from __future__ import annotations

import math

import pytest

from mmesim.engine.simulation import simulate
from tests.oracles.queues import LARGEST_STANDARD_ERROR, QUEUES, Queue

SEED = 1


DEAR = {"M/M/4//60", "M/G/1-PS//12", "M/G/1", "M/M/2/7 refused"}
"""They take a second or two each."""


@pytest.mark.parametrize(
    "queue",
    [pytest.param(queue, id=queue.name, marks=[pytest.mark.slow] if queue.name in DEAR else []) for queue in QUEUES],
)
def test_queue(queue: Queue):
    run = simulate(queue.scenario(queue.calls, SEED))
    assert set(run.checks.values()) == {"ok"}
    error = abs(queue.measure(run) / queue.truth - 1.0)
    standard_error = queue.spread / math.sqrt(run.calls)
    assert standard_error <= LARGEST_STANDARD_ERROR * 1.01
    assert error <= 0.01
    assert error <= 4.0 * standard_error
