"""What the report of a run says of its price: that of the instances that were up, and of the scenario's own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from mmesim import units
from mmesim.report import phrases
from mmesim.report.blocks import Block, Lines, Title
from mmesim.scenario.endpoint.endpoint import Endpoint
from mmesim.scenario.run.expected import HOURS_PER_MONTH

COSTLY_ERRORS = 0.01
"""Above this error rate the cost of a request is not that of an answer."""


def cost(summary: Any, endpoint: Endpoint) -> Iterator[Block]:
    """What the instances cost that were up, and the scenario's own where that differs."""
    cost = summary["cost"]
    if cost["usd_per_hour"] is None:
        yield Title("Cost", "no price is known for this host (give endpoint.price_per_hour)")
        return
    estimate = "about " if cost["estimated"] else ""
    per_million = cost["usd_per_million_requests"]
    served = "" if per_million is None else f", {estimate}{units.show_price(per_million)} per million requests"
    failed, answers = summary["error_rate"]["value"], summary["throughput_rps"]["value"]
    if served and failed is not None and failed > COSTLY_ERRORS:
        each = cost["usd_per_hour"] / 3600.0 / answers * 1e6 if answers else None
        good = (
            "all of them failed" if each is None else f"{estimate}{units.show_price(each)} per million successful ones"
        )
        served += f" (failed ones count), {good}"
    hourly, own = cost["usd_per_hour"], own_price(endpoint)
    varied = differs(hourly, own)
    month = f"{estimate}{units.show_price(cost['usd_per_month'])} a month"
    month = f" ({month} at that rate)" if varied else f", {month}"
    yield Title(
        f"Cost{' during this run' if varied else ''}", f"{estimate}{units.show_price(hourly)} an hour{month}{served}"
    )
    if varied and own is not None:
        hosts = phrases.plural(endpoint.instance_count, "instance")
        about = "about " if endpoint.host.price_estimated else ""
        price = f"{about}{units.show_price(own)} an hour, {about}{units.show_price(own * HOURS_PER_MONTH)} a month"
        yield Lines((f"the scenario's own {hosts}: {price}",))
    yield Lines((f"{'ESTIMATED price' if cost['estimated'] else 'price'}: {cost['source']}",))


def own_price(endpoint: Endpoint) -> float | None:
    """USD an hour of the instances that a scenario begins with; None without a price."""
    price = endpoint.host.price_usd_per_hour
    return None if price is None else price * endpoint.instance_count


def differs(hourly: float | None, own: float | None) -> bool:
    """Whether a price of a run is not that of the scenario's own instances; False where one is not known."""
    return hourly is not None and own is not None and not math.isclose(hourly, own, rel_tol=1e-6)
