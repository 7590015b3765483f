"""The metrics that a scaling policy can watch: CloudWatch's names, and what they can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BeforeValidator, WithJsonSchema

from mmesim import units
from mmesim.errors import did_you_mean
from mmesim.scenario.values.fields import Refused, shown

Most = Literal["percent", "percent of each vCPU", "percent of each GPU", "share"]
"""How large a value can be: 100, 100 x vCPU, 100 x devices, 1."""


INVOCATIONS = "InvocationsPerInstance"
EXAMPLES: Mapping[str, str] = MappingProxyType(
    {INVOCATIONS: "such as 4000, calls a minute", "ConcurrentRequestsPerModel": "such as 5, calls in flight"}
)
"""Metric -> a value, for error messages."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A column of the table of one-minute windows, as a policy sees it."""

    name: str
    falls: bool = True
    """Whether it falls in proportion when hosts are added, which target tracking needs."""
    most: Most | None = None
    high_resolution: bool = False
    """Whether AWS can publish it every 10 s."""

    @property
    def of_devices(self) -> bool:
        """Whether it is published only where models use devices."""
        return self.most == "percent of each GPU"

    def highest(self, vcpu: int, devices: int) -> float | None:
        """The highest value on hosts with that many vCPUs and devices, None where there is none."""
        each = {"percent of each vCPU": vcpu, "percent of each GPU": devices, "share": 0.01}
        return None if self.most is None else 100.0 * each.get(self.most, 1)

    def in_its_unit(self, text: str) -> Refused | None:
        """What to write for a value that has a unit: CloudWatch's numbers have none; None where it has no unit."""
        says = f"{shown(text)}: {self.name}"
        if text.strip().endswith("%"):
            number = text.strip().rstrip("% ")
            if self.most is None:
                return Refused(f"{says} is not a share: write a number", (), EXAMPLES.get(self.name))
            if self.most == "share":
                return Refused(f"{says} is a share from 0 to 1", (), f"write {_as_share(number)}")
            _, _, one = self.most.partition(" of each ")
            whole = f"a busy {one} is 100" if one else "100 is all of it"
            return Refused(
                f"{shown(text)}: write the number in CloudWatch's unit, where {whole}", (), f"write {number}"
            )
        try:
            per_min = units.rate(text) * 60.0
            what = f"{says} counts calls of a minute" if self.name == INVOCATIONS else f"{says} is not a rate"
            return Refused(what, (), f"write {per_min:.12g}" if self.name == INVOCATIONS else None)
        except ValueError:
            pass
        try:
            microseconds = units.seconds(text) * 1e6
        except ValueError:
            return None
        if "Latency" in self.name or "Time" in self.name:
            return Refused(f"{shown(text)}: CloudWatch counts times in microseconds", (), f"write {microseconds:.12g}")
        return Refused(f"{says} is not a time: write a number", (), EXAMPLES.get(self.name))


def _as_share(percent: str) -> str:
    try:
        return f"{float(percent) / 100.0:.12g}"
    except ValueError:
        return "0.9"


def _spelled(name: str) -> str:
    return name.replace("_", "").lower()


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        one.name: one
        for one in (
            Metric("InvocationsPerInstance"),
            Metric("ConcurrentRequestsPerModel", high_resolution=True),
            Metric("CPUUtilization", most="percent of each vCPU", high_resolution=True),
            Metric("MemoryUtilization", falls=False, most="percent", high_resolution=True),
            Metric("DiskUtilization", falls=False, most="percent", high_resolution=True),
            Metric("GPUUtilization", most="percent of each GPU", high_resolution=True),
            Metric("GPUMemoryUtilization", falls=False, most="percent of each GPU", high_resolution=True),
            Metric("WorkerUtilization", most="percent"),
            Metric("WorkerUtilization_Maximum", falls=False, most="percent"),
            Metric("Invocations", falls=False),
            Metric("InvocationModelErrors", falls=False),
            Metric("Invocation4XXErrors", falls=False),
            Metric("Invocation5XXErrors", falls=False),
            Metric("ModelCacheHit", falls=False, most="share"),
            Metric("ModelCacheHit_SampleCount", falls=False),
            Metric("ModelLatency", falls=False),
            Metric("ModelLatency_Minimum", falls=False),
            Metric("ModelLatency_Maximum", falls=False),
            Metric("OverheadLatency", falls=False),
            Metric("ModelLoadingWaitTime", falls=False),
            Metric("ModelLoadingWaitTime_Minimum", falls=False),
            Metric("ModelLoadingWaitTime_Maximum", falls=False),
            Metric("ModelDownloadingTime", falls=False),
            Metric("ModelLoadingTime", falls=False),
            Metric("ModelUnloadingTime", falls=False),
            Metric("ModelUnloadingTime_SampleCount", falls=False),
            Metric("LoadedModelCount", falls=False),
            Metric("RequestsInSystem", falls=False),
            Metric("QueueFull", falls=False),
            Metric("ClientLatency", falls=False),
            Metric("ClientLatency_SampleCount", falls=False),
            Metric("ClientLatency_Minimum", falls=False),
            Metric("ClientLatency_Maximum", falls=False),
            Metric("LogClientLatency", falls=False),
            Metric("ClientLatency_p50", falls=False),
            Metric("ClientLatency_p99", falls=False),
        )
    }
)
"""Name -> metric. For a policy ConcurrentRequestsPerModel is counted for each host, as SageMaker emits it (U)."""

PREDEFINED: Mapping[str, tuple[str, float]] = MappingProxyType(
    {
        "SageMakerVariantInvocationsPerInstance": ("InvocationsPerInstance", 60.0),
        "SageMakerVariantConcurrentRequestsPerModelHighResolution": ("ConcurrentRequestsPerModel", 10.0),
    }
)
"""What Application Auto Scaling calls a metric, with its period in seconds."""

_BY_SPELLING = {_spelled(name): name for name in METRICS} | {
    _spelled(name): metric for name, (metric, _) in PREDEFINED.items()
}


def metric_of(value: object) -> str:
    """CloudWatch's name of a metric that is written so, in snake case, or as a predefined metric; Refused else."""
    if not isinstance(value, str):
        raise Refused(f"{shown(value)} is not the name of a metric", (), "metric: InvocationsPerInstance")
    name = _BY_SPELLING.get(_spelled(value))
    if name is None:
        near = did_you_mean(value, METRICS) or did_you_mean(_spelled(value), _BY_SPELLING)
        several = ", ".join(one.name for one in METRICS.values() if one.falls)
        raise Refused(f"unknown metric {shown(value)}: {several}, or another column of windows.parquet", (), near)
    return name


_SCHEMA = {
    "type": "string",
    "description": "a metric in CloudWatch's spelling or in snake case",
    "anyOf": [{"enum": [*METRICS, *PREDEFINED]}, {"type": "string", "pattern": "^[a-z0-9_]+$"}],
}
MetricField = Annotated[str, BeforeValidator(metric_of), WithJsonSchema(_SCHEMA)]
"""A field of the schema that holds the name of a metric."""
