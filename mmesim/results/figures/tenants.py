"""How each model is served, which the figures of the fleet hide: the tail of rare models is always cold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from functools import reduce

import numpy as np

from mmesim.arrays import Flags, Floats, divide
from mmesim.errors import SimulationError
from mmesim.results.figures.figures import FORMULAS, NO_MODELS, cold_share, estimated
from mmesim.results.measured.run_data import RunData, TenantData
from mmesim.scenario.figures import quantile_shares
from mmesim.scenario.run.expect import Expectation
from mmesim.stats.histogram import span
from mmesim.stats.intervals import Estimate, estimate
from mmesim.stats.means import CONFIDENCE


def latency_limits(expect: Sequence[Expectation]) -> tuple[Expectation, ...]:
    """The expectations that bound the latency of all calls: the objective that each model meets or misses."""
    return tuple(e for e in expect if e.is_upper and e.is_latency and e.calls.is_all)


def meets(data: TenantData, limits_s: Floats, limits: Sequence[Expectation]) -> Flags:
    """For each model whether its own calls meet every limit; `limits_s` are the columns of `data.over`.

    `p99 < x` is met when less than 1 % of the model's calls are slower than x or failed, `max < x` when none is,
    `mean < x` by the mean of its successful calls. A model without a successful call meets nothing.
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
            late = data.over[:, column[0]] + data.calls - data.ok
            figure, bound = divide(late, data.calls, math.nan), 0.0 if shares is None else shares[1]
        # A share below 0 does not exist: the bound of `max` is met when it is reached.
        met &= figure <= bound if e.comparison == "<=" or e.metric == "max" else figure < bound
    return met


def pooled_tenants(runs: Sequence[RunData]) -> TenantData:
    """All replications together: sums, and the shortest and the longest latency."""
    of_each = [run.tenants for run in runs]
    sums = [field.name for field in fields(TenantData) if field.name not in ("latency_min_s", "latency_max_s")]
    shortest, longest = span(
        [one.ok for one in of_each], [one.latency_min_s for one in of_each], [one.latency_max_s for one in of_each]
    )
    # One after the other: all their histograms at once would not fit into memory.
    return TenantData(
        **{name: reduce(np.add, (getattr(one, name) for one in of_each)) for name in sums},
        latency_min_s=shortest,
        latency_max_s=longest,
    )


def tenants(
    runs: Sequence[RunData], expect: Sequence[Expectation], confidence: float = CONFIDENCE
) -> dict[str, object]:
    """The section `tenants` of the summary: shares (0..1) of the models that were called.

    `worst` is the coldest model of all replications, `cold_share` and `often_cold` are those of all replications
    together, `meet_slo` is a mean over replications.
    """
    limits = latency_limits(expect)
    called = [r.tenants.calls > 0 for r in runs]
    worst = max((float(cold_share(r).max()) for r, c in zip(runs, called, strict=True) if c.any()), default=None)
    if limits:
        met = [meets(r.tenants, r.limits_s, limits)[c] for r, c in zip(runs, called, strict=True)]
        of_each = [float(one.mean()) if len(one) else math.nan for one in met]
        meet = estimate(of_each, NO_MODELS, low=0.0, high=1.0, confidence=confidence)
    else:
        meet = Estimate(None, reason="no limit for the latency in expect")
    return {
        "models": len(runs[0].model_names),
        "called": int(np.logical_or.reduce(called).sum()),
        "meet_slo": meet.as_dict(),
        "cold_share": {
            "p50": estimated(FORMULAS["tenants.cold_share.p50"], runs, confidence).as_dict(),
            "p90": estimated(FORMULAS["tenants.cold_share.p90"], runs, confidence).as_dict(),
            "worst": Estimate(worst, reason=NO_MODELS if worst is None else None).as_dict(),
        },
        "often_cold": estimated(FORMULAS["tenants.often_cold"], runs, confidence).as_dict(),
    }
