"""Which model a request asks for."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmesim.errors import Problem, ScenarioError
from mmesim.scenario.models import Model
from mmesim.scenario.popularity import Popularity, UniformPopularity, Weights, Zipf

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Alias:
    """Draws an index with given probabilities, at the same cost however many there are (Walker's alias method).

    Source: M. Vose, A linear algorithm for generating random numbers with a given distribution, IEEE Transactions on
    Software Engineering 17 (1991). One uniform number is spent on each draw.
    """

    def __init__(self, probabilities: Floats) -> None:
        share = np.asarray(probabilities, dtype=np.float64)
        n = len(share)
        if n == 0 or not np.all(np.isfinite(share)) or np.any(share < 0) or not share.sum() > 0:
            raise ValueError("alias sampling needs at least one probability above 0 and none below")
        height = (share * (n / math.fsum(share))).tolist()
        keep, other = [1.0] * n, list(range(n))
        low = [i for i in range(n) if height[i] < 1.0]
        high = [i for i in range(n) if height[i] >= 1.0]
        while low and high:
            small, large = low.pop(), high[-1]
            keep[small], other[small] = height[small], large
            height[large] -= 1.0 - height[small]
            if height[large] < 1.0:
                low.append(high.pop())
        # What rounding leaves over are columns that lack next to nothing: they stay full. A small one is never left.
        # Column i ends at i + keep[i] on the scale of the draws: one comparison, no fraction.
        self._end: Floats = np.arange(n, dtype=np.float64) + np.array(keep)
        self._other: Ints = np.array(other, dtype=np.int64)

    def draw(self, rng: np.random.Generator, n: int) -> Ints:
        """`n` indices, int64."""
        place = rng.random(n)
        place *= len(self._other)
        index = place.astype(np.int64)
        return np.where(place < self._end[index], index, self._other[index])


def probabilities(spec: Popularity, models: Sequence[Model]) -> Floats:
    """The chance of each of these models to be the one that a request asks for; they sum to 1.

    Zipf ranks the models in the order given. Raises ScenarioError if `weights` is asked for and a model has neither
    weight nor rate, or some have one and some the other, or all are 0.
    """
    match spec:
        case UniformPopularity():
            share = np.ones(len(models))
        case Zipf():
            share = np.array([math.pow(rank, -spec.exponent) for rank in range(1, len(models) + 1)])
        case Weights():
            share = np.array(_weights(models), dtype=np.float64)
    return share / math.fsum(share)


def _weights(models: Sequence[Model]) -> list[float]:
    by_weight = any(model.weight is not None for model in models)
    given: list[float] = []
    for model in models:
        value = model.weight if by_weight else model.rate_per_s
        if value is None:
            has = "neither weight nor rate" if model.rate_per_s is None else "a rate where others have a weight"
            raise _problem(f"popularity weights: model {model.name!r} has {has}", "give all of them one or the other")
        given.append(value)
    if not any(given):
        raise _problem("popularity weights: every model has weight 0", "give at least one model a weight above 0")
    return given


def _problem(message: str, hint: str) -> ScenarioError:
    return ScenarioError([Problem("scenario", None, "traffic.popularity", None, message, hint)])
