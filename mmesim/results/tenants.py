"""How the models fare one by one, which the figures of the fleet hide: the tail of rare models is always cold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from mmesim.arrays import Floats, divide
from mmesim.errors import SimulationError
from mmesim.results.metrics import quantile_shares
from mmesim.results.run_data import RunData, TenantData
from mmesim.scenario.scenario import Expectation
from mmesim.stats.intervals import CONFIDENCE, Estimate, estimate

OFTEN_COLD = 0.05
NO_MODEL_CALLED = "no model was called"


def latency_limits(expect: Sequence[Expectation]) -> tuple[Expectation, ...]:
    """Return the expectations that bound the latency from above: the objective that each model can meet or miss."""
    return tuple(
        e
        for e in expect
        if e.comparison in ("<", "<=") and (e.metric in ("mean", "max") or quantile_shares(e.metric) is not None)
    )


def meets(data: TenantData, limits_s: Floats, limits: Sequence[Expectation]) -> NDArray[np.bool_]:
    """Return for each model whether its own calls meet every limit; `limits_s` are the columns of `data.over`.

    `p99 < x` is met when less than 1 % of the model's successful calls are slower than x, `mean < x` by its own mean,
    `max < x` when none is slower. A model without a successful call meets nothing.
    """
    met = data.ok > 0
    for e in limits:
        if e.metric == "mean":
            figure, bound = divide(data.latency_sum_s, data.ok, math.nan), e.limit
        else:
            column = np.flatnonzero(limits_s == e.limit)
            if len(column) != 1:
                raise SimulationError(f"the run did not count calls over the limit of {e.text!r}")
            shares = quantile_shares(e.metric)
            figure, bound = divide(data.over[:, column[0]], data.ok, math.nan), 0.0 if shares is None else shares[1]
        # A share below 0 does not exist: the bound of `max` is met when it is reached.
        met &= figure <= bound if e.comparison == "<=" or e.metric == "max" else figure < bound
    return met


def pooled_tenants(runs: Sequence[RunData]) -> TenantData:
    """Return the sums of all replications."""
    return TenantData(
        **{f.name: reduce(np.add, [getattr(r.tenants, f.name) for r in runs]) for f in fields(TenantData)}
    )


def cold_share(run: RunData) -> Floats:
    """Return for each model the share of its calls that found it not loaded, nan for a model without calls."""
    # A call that is retried can find the model cold more than once.
    return divide(run.tenants.misses, run.tenants.calls, math.nan)


def tenants(
    runs: Sequence[RunData], expect: Sequence[Expectation], confidence: float = CONFIDENCE
) -> dict[str, object]:
    """Return the section `tenants` of the summary: shares (0..1) of the models that were called.

    `worst` is the coldest model of all replications, the other figures are means over replications.
    """
    limits = latency_limits(expect)
    called = [r.tenants.calls > 0 for r in runs]
    cold = [cold_share(r)[c] for r, c in zip(runs, called, strict=True)]
    worst = max((float(c.max()) for c in cold if len(c)), default=None)
    if limits:
        met = [meets(r.tenants, r.limits_s, limits)[c] for r, c in zip(runs, called, strict=True)]
        meet = _share(met, confidence)
    else:
        meet = Estimate(None, reason="no limit for the latency in expect")
    return {
        "models": len(runs[0].model_names),
        "called": int(np.logical_or.reduce(called).sum()),
        "meet_slo": meet.as_dict(),
        "cold_share": {
            "p50": _quantile(cold, 0.5, confidence).as_dict(),
            "p90": _quantile(cold, 0.9, confidence).as_dict(),
            "worst": Estimate(worst, reason=NO_MODEL_CALLED if worst is None else None).as_dict(),
        },
        "often_cold": _share([c > OFTEN_COLD for c in cold], confidence).as_dict(),
    }


def _share(flags: Sequence[NDArray[np.bool_]], confidence: float) -> Estimate:
    return _mean([float(f.mean()) if len(f) else math.nan for f in flags], confidence)


def _quantile(values: Sequence[Floats], q: float, confidence: float) -> Estimate:
    return _mean([float(np.quantile(v, q)) if len(v) else math.nan for v in values], confidence)


def _mean(of_each: Sequence[float], confidence: float) -> Estimate:
    return estimate(of_each, NO_MODEL_CALLED, low=0.0, high=1.0, confidence=confidence)
