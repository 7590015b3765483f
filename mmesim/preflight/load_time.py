"""How long the load of each model takes on a host that has nothing else to do, against the limits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mmesim import units
from mmesim.preflight.finding import Finding
from mmesim.preflight.offered import Offered, mean, named
from mmesim.scenario.models.groups import Model
from mmesim.scenario.values.times import Time

RULE = "docs/assumptions.md, loads"


def load_time(offered: Offered) -> Iterator[Finding]:
    """Loads that can never end in time, and loads that outlast those who wait for them."""
    scenario = offered.scenario
    endpoint, patience_s = scenario.endpoint, scenario.clients.timeout_s
    total_s = offered.each(lambda model: sum(load_parts_s(offered, model).values()))
    never = [offered.models[row] for row in offered.slowest_first(total_s, endpoint.load_limit_s)]
    if never:
        yield _finding(
            never,
            load_parts_s(offered, never[0]),
            "problem",
            f"above endpoint.load_limit ({units.show_seconds(endpoint.load_limit_s)}): no load ever ends",
            endpoint.load_limit_s,
        )
    limit_s = min(endpoint.load_timeout_s, patience_s)
    late = [offered.models[row] for row in offered.slowest_first(total_s, limit_s, endpoint.load_limit_s)]
    if late:
        what = "endpoint.load_timeout" if limit_s == endpoint.load_timeout_s else "clients.timeout"
        yield _finding(
            late,
            load_parts_s(offered, late[0]),
            "warning",
            f"above {what} ({units.show_seconds(limit_s)}): calls that wait for it from the start fail",
            limit_s,
        )


def load_parts_s(offered: Offered, model: Model, figure: Callable[[Time], float] = mean) -> dict[str, float]:
    """What the load of a model consists of on an idle host, on average, seconds; parts of nothing are left out.

    `figure`: what is taken of times that vary, where that is not their mean.
    """
    scenario = offered.scenario
    endpoint, server, host = scenario.endpoint, scenario.server, scenario.endpoint.host
    download, size, speed = endpoint.download, model.artifact_bytes, endpoint.host.cpu_speed
    unpack_Bps = download.unpack_Bps_per_vcpu
    at_once = offered.kind.loads_at_once(model)
    shared = max(speed, at_once * speed * speed / host.cores_when_full) / speed
    reading = at_once * size / endpoint.disk_read_Bps if endpoint.disk_read_Bps is not None else 0.0
    # What starts each worker by itself starts them all at the same time, as they load.
    started = shared if offered.kind.starts_each_worker else 1.0
    start_s = figure(server.process_start.cpu) / speed * started + figure(server.process_start.wait)
    parts = {
        "download": figure(download.first_byte) + size / min(download.stream_Bps, host.network_Bps),
        "unpack": 0.0 if unpack_Bps is None else size / unpack_Bps / speed,
        "load": start_s + reading + figure(model.load.cpu) / speed * shared + figure(model.load.wait),
    }
    return {name: took for name, took in parts.items() if took > 0.0}


def _finding(models: list[Model], parts: dict[str, float], severity: str, follows: str, limit_s: float) -> Finding:
    total_s = sum(parts.values())
    made_of = " + ".join(f"{_seconds(took)} {name}" for name, took in parts.items())
    return Finding.model_validate(
        {
            "id": "load_time",
            "severity": severity,
            "text": f"{named([model.name for model in models])}: a load takes {_seconds(total_s)} even on an idle host "
            f"({made_of}), {follows}",
            "evidence": {"model": models[0].name, "load_s": total_s, "limit_s": limit_s, "models": len(models)}
            | {f"{name}_s": took for name, took in parts.items()},
            "source": RULE,
            "try": "a smaller artefact, endpoint.download.unpack=null if it is not compressed, or a faster load",
        }
    )


def _seconds(s: float) -> str:
    return f"{s:,.3g} s" if s < 100 else f"{s:,.0f} s"
