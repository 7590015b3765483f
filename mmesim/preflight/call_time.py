"""How long a call for each model takes that waits for nothing, against the times after which it is given up."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim import units
from mmesim.preflight.finding import Finding
from mmesim.preflight.offered import Offered, named, parts_s, work_s
from mmesim.scenario.models.groups import Model

RULE = "docs/assumptions.md, time-outs and errors"


def call_time(offered: Offered) -> Iterator[Finding]:
    """Calls that take longer than somebody waits for them, even on an idle host with their model loaded."""
    scenario = offered.scenario
    endpoint, clients, delay_s = scenario.endpoint, scenario.clients, scenario.fixed_delay_s
    client_first = clients.timeout_s - delay_s <= endpoint.invocation_timeout_s
    limit_s = clients.timeout_s if client_first else endpoint.invocation_timeout_s
    took = offered.each(lambda model: in_server_s(offered, model) + client_first * delay_s)
    rows = offered.slowest_first(took, limit_s)
    late = [offered.models[row] for row in rows]
    if not late:
        return
    field = "clients.timeout" if client_first else "endpoint.invocation_timeout"
    longest_s = float(took[rows[0]])
    yield Finding(
        id="call_time",
        severity="warning",
        text=f"{named([model.name for model in late])}: a call takes {units.show_seconds(longest_s)} on average even "
        f"on an idle host with its model loaded, above {field} ({units.show_seconds(limit_s)}): most calls fail",
        evidence={"model": late[0].name, "call_s": longest_s, "limit_s": limit_s, "models": len(late)},
        source=RULE,
        try_=f"a longer {field}, or faster calls (models.{late[0].entry}.service)",
    )


def in_server_s(offered: Offered, model: Model) -> float:
    """Mean time of a call for a loaded model in an idle server, alone in its batch, seconds."""
    service, speed = model.service, offered.scenario.endpoint.host.cpu_speed
    overhead = offered.scenario.server.overhead
    cpu_s, wait_s, device_s = parts_s(service, batch=1)
    alone_s = cpu_s / speed * (service.serial + (1.0 - service.serial) / service.threads)
    return (
        alone_s + wait_s + device_s + sum(work_s(part, speed) for part in (overhead.pre, overhead.hold, overhead.post))
    )
