"""Whole gates, pilots and looks, on replications whose distribution is known: how often they are wrong, and decide."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mmesim.experiment.gate.decide import Evidence, Levels, decide
from mmesim.experiment.gate.design import FEW, MANY, design, wants_more
from mmesim.experiment.gate.lines import Row, Seen, lines
from mmesim.experiment.gate.tolerance import watched
from mmesim.stats.looks import LOOKS
from mmesim.stats.spending import nominal_levels
from tests.unit.results.synthetic import Call, replications, scenario

Draw = Callable[[np.random.Generator, int], NDArray[Any]]

OF = scenario(["p99 < 500 ms"])
LINES = lines(OF, watched(OF), replications(watched(OF), [Call(0.1)] * 10))
LIMIT = 0.01
CALLS, BLOCKS = 5_000, 30  # of a short replication
LEVELS = [Levels(level, level) for level in nominal_levels(LOOKS, 0.025)]

CELLS: Mapping[str, Draw] = MappingProxyType(
    {
        "normal": lambda rng, n: 1.0 + 0.3 * rng.standard_normal(n),
        "gamma, skewness 1.5": lambda rng, n: rng.gamma((2.0 / 1.5) ** 2, 1.0, n) / (2.0 / 1.5) ** 2,
        "90 % without any, else exponential": lambda rng, n: np.where(
            rng.random(n) < 0.9, 0.0, 10.0 * rng.exponential(1.0, n)
        ),
    }
)
"""The share of a short replication over its mean."""


def gated(draw: Draw, truth: float, rng: np.random.Generator) -> str:
    """One gate; `truth` is the mean share of short replications over the limit."""

    def short(n: int) -> NDArray[Any]:
        return np.minimum(1.0, LIMIT * truth * draw(rng, n))

    def rows(n: int) -> list[Row]:
        seen = [Seen(x, x, round(x * CALLS), CALLS - round(x * CALLS)) for x in short(n).tolist()]
        return [Row((one,), 100.0 / BLOCKS, {}) for one in seen]

    pilot = rows(FEW)
    if wants_more(LINES, pilot):
        pilot += rows(MANY - FEW)
    length = design(OF, LINES, pilot).length
    each = short(LOOKS[-1] * length).reshape(-1, length)
    values, dirty = each.mean(axis=1).tolist(), np.round(each * CALLS).sum(axis=1).astype(int)
    for look, levels in zip(LOOKS, LEVELS, strict=True):
        blocks, bad = BLOCKS * length * look, int(dirty[:look].sum())
        evidence = Evidence(LINES[0], values[:look], values[:look], bad, CALLS * length * look - bad, blocks)
        found = decide(evidence, levels).verdict
        if found != "undecided":
            return found
    return "undecided"


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_on_the_edge_gates_are_wrong_as_seldom_as_designed(cell):
    rng, gates = np.random.default_rng(8), 1_500
    found = Counter(gated(CELLS[cell], 1.0, rng) for _ in range(gates))
    # 2.5 % a side, a fifth of it for skewness, and four standard errors
    most = 0.025 * 1.2 + 4.0 * math.sqrt(0.025 / gates)
    assert found["pass"] / gates <= most
    assert found["fail"] / gates <= most


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_half_the_limit_passes_and_twice_the_limit_fails(cell):
    rng, gates = np.random.default_rng(9), 300
    inside = Counter(gated(CELLS[cell], 0.5, rng) for _ in range(gates))
    beyond = Counter(gated(CELLS[cell], 2.0, rng) for _ in range(gates))
    assert inside["pass"] / gates >= 0.9
    assert beyond["fail"] / gates >= 0.9
    assert inside["fail"] == beyond["pass"] == 0
