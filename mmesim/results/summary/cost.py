"""What the fleet costs, from the price of the instance type."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mmesim.results.figures.figures import hourly_usd, measured_s
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.endpoint.endpoint import Endpoint
from mmesim.scenario.run.expected import HOURS_PER_MONTH
from mmesim.scenario.scenario import Scenario
from mmesim.stats.means import mean


def cost(scenario: Scenario, runs: Sequence[RunData]) -> dict[str, object]:
    """The section `cost` of the summary: US dollars, null where the price or the traffic is missing.

    The hour is that of the instances that were up on average, each at the price of its type. Requests are all that
    ended in the measured time, failed ones too. `estimated` is true when the price of the scenario's type, or of one
    that a deploy brought, is not a published one; `source` says where each is from.
    """
    host = scenario.endpoint.host
    if host.price_usd_per_hour is None or any(math.isnan(hourly_usd(r)) for r in runs):
        figures: dict[str, object] = dict.fromkeys(("usd_per_hour", "usd_per_month", "usd_per_million_requests"))
        return {**figures, "estimated": False, "source": None}
    hourly = mean([hourly_usd(r) for r in runs])
    calls = sum(r.answers for r in runs)
    hours = sum(measured_s(r) for r in runs) / 3600.0
    return {
        "usd_per_hour": hourly,
        "usd_per_month": hourly * HOURS_PER_MONTH,
        "usd_per_million_requests": 1e6 * hourly * hours / calls if calls else None,
        **_told(scenario.endpoint, _brought(scenario, runs)),
    }


def _brought(scenario: Scenario, runs: Sequence[RunData]) -> list[Endpoint]:
    """The configurations of deploys of which an instance was paid for in the measured time."""
    prices = np.concatenate([run.hosts.usd_per_hour[run.hosts.up_s > 0.0] for run in runs])
    brought = [deploy.endpoint for deploy in scenario.deploys if deploy.endpoint is not None]
    return [one for one in brought if one.host.price_usd_per_hour in prices]


def _told(own: Endpoint, brought: Sequence[Endpoint]) -> dict[str, object]:
    """Whether a price is estimated, and where prices are from: by type where they are from several places."""
    sources = {one.host.price_source: one.instance_type or "this host" for one in (*reversed(brought), own)}
    by_type = "; ".join(f"{type_}: {source}" for source, type_ in reversed(sources.items()))
    return {
        "estimated": any(one.host.price_estimated for one in (own, *brought)),
        "source": own.host.price_source if len(sources) == 1 else by_type,
    }
