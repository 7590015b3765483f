"""What is said of each endpoint of a split."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from mmesim.experiment.split.candidates import Leaving
from mmesim.experiment.split.lines import worst
from mmesim.experiment.split.search import Judged
from mmesim.experiment.split.serverless import OnServerless
from mmesim.results.answers.split import Part
from mmesim.scenario.run.split import Option

ASSUMED: Mapping[Option, str] = MappingProxyType(
    {
        "dedicated": "an endpoint for each model, loaded on every instance from the start, calls go to any instance; "
        "as many workers as are busy half of the time at most",
        "components": "one copy of each model on one endpoint, in a container of its own, which takes base_memory, at "
        "least 128 MB in all; the copies share the vCPUs of their instance; workers as for dedicated endpoints",
        "second_mme": "another endpoint by the rules of the first one; not tried with less than half of its memory "
        "for each byte of models",
        "multi_container": "at most 15 models, each in a container of its own, which takes base_memory, on every "
        "instance; workers as for dedicated endpoints",
        "serverless": "an endpoint for each model; the idle environment that was busy last takes a call, else a new "
        "one after setup; one is given up after idle; billed are GiB-seconds of calls and set-ups; lines about hits, "
        "windows of time or the ledger are not judged there",
    }
)
"""Option -> the simple model behind its figures."""


def part_of(judged: Judged, share_of_calls: float) -> Part:
    """A fleet, with what was found of it."""
    fleet = judged.fleet
    endpoint, hosted = fleet.scenario.endpoint, fleet.scenario.hosted
    none: dict[str, object] = {"value": None, "ci95": None, "reason": "arithmetic alone turned it down"}
    p99: Any = none if judged.result is None else judged.result.summary["latency_ms"]["p99"]
    interval = p99["ci95"]
    return Part(
        kind=fleet.kind,
        name=hosted[0].name if len(hosted) == 1 else f"{len(hosted):,} models",
        models=len(hosted),
        instance_type=endpoint.instance_type,
        instance_count=endpoint.instance_count,
        usd_per_month=fleet.usd_per_month,
        usd_interval=None,
        price_estimated=endpoint.host.price_estimated,
        share_of_calls=share_of_calls,
        p99_ms=p99["value"],
        p99_interval=None if interval is None else (interval[0], interval[1]),
        p99_reason=p99.get("reason"),
        verdict=judged.verdict,
        lines=list(judged.lines),
        overrides=list(fleet.overrides),
    )


def serverless_part(leaving: Leaving, found: OnServerless, share_of_calls: float) -> Part:
    """The serverless endpoints of some models."""
    models = leaving.models
    return Part(
        kind="serverless",
        name=models[0].name if len(models) == 1 else f"{len(models):,} models",
        models=len(models),
        instance_type=None,
        instance_count=0,
        usd_per_month=found.usd_per_month,
        usd_interval=found.usd_interval,
        price_estimated=False,
        share_of_calls=share_of_calls,
        p99_ms=found.p99_ms,
        p99_interval=found.p99_interval,
        p99_reason="none answered" if found.p99_ms is None else None,
        verdict=worst([line.verdict for line in found.lines]),
        lines=list(found.lines),
        overrides=[],
    )
