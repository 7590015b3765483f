"""What speaks against the endpoint itself: accelerators that do nothing, and several frameworks."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim.preflight.finding import Finding
from mmesim.preflight.offered import Offered


def accelerator(offered: Offered) -> Iterator[Finding]:
    """An instance type with an accelerator that does nothing here: no model has a part on it, or it is not a GPU."""
    endpoint = offered.scenario.endpoint
    if endpoint.instance_type is None or offered.scenario.uses_devices:
        return
    row = endpoint.listed(endpoint.instance_type)
    if not row.gpu_count and not row.accelerator:
        return
    what = row.accelerator or "GPU"
    counted = f"{row.gpu_count} x {what}" if row.gpu_count else what
    gpu = endpoint.host.devices is not None
    why = "which no model uses (service.device, device_memory)" if gpu else "which is left out"
    advice = "service: {device: } for the time on the accelerator" if gpu else "service: {wait: } for the time on it"
    yield Finding(
        id="accelerator",
        severity="warning",
        text=f"{endpoint.instance_type} has an accelerator ({counted}), {why}: it runs as a "
        f"host of {endpoint.host.vcpu} vCPUs, at the price of the accelerator",
        evidence={"instance_type": endpoint.instance_type, "accelerators": row.gpu_count},
        source="docs/assumptions.md#devices",
        try_=f"{advice}, and a type without one for CPU work",
    )


def price(offered: Offered) -> Iterator[Finding]:
    """An instance type without a known price in its region: nothing can be said about cost."""
    endpoint = offered.scenario.endpoint
    if endpoint.instance_type is None or endpoint.host.price_usd_per_hour is not None:
        return
    yield Finding(
        id="price",
        severity="note",
        text=f"no price of {endpoint.instance_type} in {endpoint.region} is known: costs are left out",
        evidence={"instance_type": endpoint.instance_type, "region": endpoint.region},
        source="docs/assumptions.md#instance-types-and-prices",
        try_="endpoint.price_per_hour",
    )


def frameworks(offered: Offered) -> Iterator[Finding]:
    """Models of several frameworks on one endpoint."""
    counted: dict[str, int] = {}
    for model in offered.scenario.hosted:
        counted[model.framework] = counted.get(model.framework, 0) + 1
    if len(counted) < 2:
        return
    found = ", ".join(f"{name} ({models:,})" for name, models in counted.items())
    yield Finding(
        id="frameworks",
        severity="warning",
        text=f"the endpoint hosts models of {len(counted)} frameworks: {found}. They share one container image, "
        "and AWS advises to host only models of one framework on a multi-model endpoint",
        evidence={**counted},
        source="AWS: multi-model endpoints, developer guide",
        try_="an endpoint for each framework",
    )
