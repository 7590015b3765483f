"""Which model a request asks for."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mmesim.arrays import Floats, Ints
from mmesim.errors import ScenarioError
from mmesim.scenario.models.groups import Model, weights_of
from mmesim.scenario.traffic.popularity import (
    LognormalPopularity,
    Popularity,
    SimplePopularity,
    Tenants,
    UniformPopularity,
    Weights,
    Zipf,
)
from mmesim.scenario.traffic.stream import Traffic
from mmesim.scenario.values.fields import Refused
from mmesim.workload.draws.generators import KeyedGenerators

NEAR = 8192
"""Draws that are made at a time: few enough for what is in between to stay in the near caches."""


class Alias:
    """Draws an index with given probabilities, at the same cost however many there are (Walker's alias method).

    Source: M. Vose, A linear algorithm for generating random numbers with a given distribution, IEEE Transactions on
    Software Engineering 17 (1991). One uniform number is spent on each draw.

    The columns are a power of two, those beyond the probabilities empty. So the same number draws the same index mostly
    also when there are a few probabilities more: of 500 and 501 after Zipf it does for 96 %, where 500 and 501 columns
    would for half.
    """

    def __init__(self, probabilities: Floats) -> None:
        share = np.asarray(probabilities, dtype=np.float64)
        n = len(share)
        if n == 0 or not np.all(np.isfinite(share)) or np.any(share < 0) or not share.sum() > 0:
            raise ValueError("alias sampling needs at least one probability above 0 and none below")
        # A third more than needed, so that the columns do not double just above a round number of models.
        columns = 1 << int(1.3 * n).bit_length()
        height = (share * (columns / math.fsum(share))).tolist() + [0.0] * (columns - n)
        n = columns
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
        self._either: Ints = np.stack([other, np.arange(n)], axis=1).ravel()
        """What column i stands for beyond its end, and below it: at 2 i and 2 i + 1."""

    def draw(self, rng: np.random.Generator, n: int) -> Ints:
        """`n` indices, int64."""
        drawn = np.empty(n, dtype=np.int64)
        for first in range(0, n, NEAR):
            self._fill(drawn[first : first + NEAR], rng)
        return drawn

    def _fill(self, drawn: Ints, rng: np.random.Generator) -> None:
        place = rng.random(len(drawn))
        place *= len(self._end)
        index = place.astype(np.int64)
        # No index is out of range; with "clip" NumPy does not look for one first, which takes longer than the rest.
        below = place < self._end.take(index, mode="clip")
        index *= 2
        index += below
        self._either.take(index, mode="clip", out=drawn)


class Mix:
    """How the calls of a stream choose their models, numbered within the stream."""

    def __init__(self, share: Floats, tenant: Ints | None = None) -> None:
        """`share` [places], `tenant` [places] or None where there are none."""
        self.share = share
        self.alias = Alias(share)
        if tenant is not None:
            self._order = np.argsort(tenant, kind="stable")
            ends = np.cumsum(share[self._order])
            count = np.bincount(tenant)
            last = np.cumsum(count) - 1
            self._tenant, self._ends, self._last = tenant, ends, last
            self._first = last - count + 1
            self._below = np.concatenate([[0.0], ends[last[:-1]]])

    @staticmethod
    def of(traffic: Traffic, models: Sequence[Model], seed: int) -> Mix:
        """The mix of a stream; with drift of the models that are alive at its start. Raises ScenarioError."""
        living = models if traffic.drift is None else models[: traffic.drift.living(len(models))]
        spec = traffic.popularity
        tenant = tenants(spec, living) if isinstance(spec, Tenants) else None
        return Mix(probabilities(spec, living, seed), tenant)

    def within_tenant(self, of: Ints, rng: np.random.Generator) -> Ints:
        """For each of these places a place of the same tenant, by their shares; one uniform number each."""
        tenant = self._tenant[of]
        below, end = self._below[tenant], self._ends[self._last[tenant]]
        place = np.searchsorted(self._ends, below + (end - below) * rng.random(len(of)), side="right")
        chosen: Ints = self._order[np.clip(place, self._first[tenant], self._last[tenant])]
        return chosen


def probabilities(spec: Popularity, models: Sequence[Model], seed: int = 1) -> Floats:
    """The chance of each of these models to be the one that a request asks for; they sum to 1.

    Zipf ranks the models in the order given; `seed` matters to lognormal rates only. Raises ScenarioError if `weights`
    is asked for and a model has neither weight nor rate, or some have one and some the other, or all are 0.
    """
    if not isinstance(spec, Tenants):
        return _shares(spec, models, [model.name for model in models], seed)
    tenant = tenants(spec, models)
    members = [np.flatnonzero(tenant == number) for number in range(int(tenant.max()) + 1)]
    between = _between(spec, models, members, seed)
    share = np.zeros(len(models))
    for number, rows in enumerate(members):
        if between[number] > 0.0:
            own = [models[row] for row in rows.tolist()]
            share[rows] = between[number] * _shares(spec.within, own, [model.name for model in own], seed)
    return share


def tenants(spec: Tenants, models: Sequence[Model]) -> Ints:
    """The number of each model's tenant, from 0 on, in the order in which they first appear."""
    if spec.size is not None:
        return np.arange(len(models)) // spec.size
    number = {group: k for k, group in enumerate(dict.fromkeys(model.group for model in models))}
    return np.array([number[model.group] for model in models], dtype=np.int64)


def _between(spec: Tenants, models: Sequence[Model], members: Sequence[Ints], seed: int) -> Floats:
    """The chance of each tenant. By weights it is the sum of its models' weights."""
    if isinstance(spec.between, Weights):
        weights = np.array(_weights(models))
        share = np.array([math.fsum(weights[rows]) for rows in members])
        return share / math.fsum(share)
    # A tenant of consecutive models is named after the first of them.
    names = [models[rows[0]].group if spec.size is None else models[rows[0]].name for rows in members]
    return _shares(spec.between, [models[rows[0]] for rows in members], names, seed, "tenant_rates")


def _shares(
    spec: SimplePopularity, models: Sequence[Model], names: Sequence[str], seed: int, purpose: str = "model_rates"
) -> Floats:
    match spec:
        case UniformPopularity():
            share = np.ones(len(names))
        case Zipf():
            share = np.array([math.pow(rank, -spec.exponent) for rank in range(1, len(names) + 1)])
        case Weights():
            share = np.array(_weights(models), dtype=np.float64)
        case LognormalPopularity():
            # By name and seed alone: replications differ in their calls, not in which models are popular.
            sigma, draws = math.sqrt(math.log1p(spec.cv * spec.cv)), KeyedGenerators(seed, 0, purpose)
            share = np.array([draws.at(name, 0).lognormal(0.0, sigma) for name in names])
    return share / math.fsum(share)


def _weights(models: Sequence[Model]) -> list[float]:
    try:
        return weights_of(models)
    except Refused as refused:
        raise ScenarioError([refused.below("traffic", "popularity").problem("scenario")]) from None
