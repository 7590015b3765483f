"""What the fleet costs, from the price of the instance type."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mmesim.results.figures import hourly_usd, measured_s
from mmesim.results.run_data import RunData
from mmesim.scenario.endpoint.host_type import HostType
from mmesim.scenario.run.expected import HOURS_PER_MONTH
from mmesim.stats.means import mean


def cost(host: HostType, runs: Sequence[RunData]) -> dict[str, object]:
    """The section `cost` of the summary: US dollars, null where the price or the traffic is missing.

    The hour is that of the instances that were up on average, each at the price of its type. Requests are all that
    ended in the measured time, failed ones too. `estimated` is true when the price of `host`, the scenario's type, is
    not a published one; `source` says where it is from.
    """
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
        "estimated": host.price_estimated,
        "source": host.price_source,
    }
