"""What the theory tests of traffic share: streams, p-values, and how often all of them together may cry wolf.

`FALSE_ALARM` is the chance, over all seeds, that any check of these files fails though the code is right; each check
has an equal share of it (Bonferroni). Seeds are fixed, so a check that passes goes on passing. Where the statistic is a
mean over thousands of replications, its normal limit is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mmesim.scenario import Traffic
from mmesim.scenario.traffic.arrivals import ArrivalProcess
from mmesim.scenario.values.times import Exponential, Gamma, Lognormal, Time, Uniform, Weibull, weibull_shape
from mmesim.workload.arrivals.open_loop import arrivals
from mmesim.workload.block import Arrivals
from tests.helpers.models import models

FALSE_ALARM = 1e-6
MOST_CHECKS = {"test_arrival_processes": 50, "test_planned_arrivals": 30, "test_models_called": 20}
"""Checks that each file may have."""
LEVEL = FALSE_ALARM / sum(MOST_CHECKS.values())
"""A check fails below this p-value."""

SEED = 7
REPLICATIONS = 3000

Floats = NDArray[np.float64]


def stream(arrivals: Mapping[str, Any], **keys: Any) -> Traffic:
    return Traffic.model_validate({"name": "s", "arrivals": arrivals, **keys})


def calls(traffic: Traffic, n: int, until_s: float, replication: int = 0, chunk: int = 65536) -> Arrivals:
    """The calls of a stream to `n` models before `until_s`."""
    parts = list(arrivals(traffic, models(n), SEED, replication, until_s, chunk))
    time, model = np.concatenate([part.time for part in parts]), np.concatenate([part.model for part in parts])
    return Arrivals(time, model, None)[: int(np.searchsorted(time, until_s))]


def process(form: Mapping[str, Any]) -> ArrivalProcess:
    found = stream(form).arrivals
    assert found is not None
    return found


def two_sided(z: float) -> float:
    return float(2.0 * stats.norm.sf(abs(z)))


def mean_is(sample: Floats, truth: float) -> float:
    """p-value of the mean of independent values; where all are equal it must be the truth."""
    error = float(sample.mean()) - truth
    spread = float(sample.std(ddof=1)) / np.sqrt(len(sample))
    return float(abs(error) < 1e-9 * max(1.0, abs(truth))) if spread == 0.0 else two_sided(error / spread)


def chi_square(observed: NDArray[np.int64], share: Floats) -> float:
    return float(stats.chisquare(observed, share * observed.sum()).pvalue)


def law_of(spec: Time) -> Any:
    """The same distribution from SciPy."""
    match spec:
        case Exponential(mean):
            return stats.expon(scale=mean)
        case Gamma(mean, cv):
            return stats.gamma(1 / cv**2, scale=mean * cv**2)
        case Weibull(mean, cv):
            shape = weibull_shape(cv)
            return stats.weibull_min(shape, scale=mean / stats.weibull_min(shape).mean())
        case Lognormal(mean, cv):
            sigma = np.sqrt(np.log(1 + cv**2))
            return stats.lognorm(sigma, scale=mean * np.exp(-(sigma**2) / 2))
        case Uniform(low, high):
            return stats.uniform(low, high - low)
    raise ValueError(spec)
