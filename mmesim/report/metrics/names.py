"""The metrics that are exported: which of them AWS has, and where; by which statistics; and the names around them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from mmesim.errors import UserError
from mmesim.results.tables.tables import WINDOW_COLUMNS

SAGEMAKER = "AWS/SageMaker"
INSTANCES = "/aws/sagemaker/Endpoints"
RESERVED = ("aws/", "/aws/")
"""How the namespaces begin that AWS writes to, in small letters: simulated figures among measured ones would be read
as measured. CloudWatch itself refuses the first.
"""


class Kind(Enum):
    """What one column of a minute says of the samples that CloudWatch would have got in that minute."""

    each = "a sample of 1 for each invocation"
    number = "how many of the invocations gave a sample of 1, the others one of 0"
    share = "the share of the samples that were 1, the others 0"
    per_instance = "the sum of samples that are equal, one for each invocation"
    times = "the mean of samples of which a histogram is kept"
    equal = "the mean of samples of calls, which are all the same"
    instances = "the mean of samples of instances, one for each"
    mean = "a mean, of how many samples is not known"
    most = "the largest sample"


@dataclass(frozen=True)
class Metric:
    """A metric that a column of the minutes holds."""

    name: str
    """Of the metric and of the column."""
    kind: Kind
    statistics: tuple[str, ...]
    """Those by which AWS shows it, and that the simulation knows, at best."""
    namespace: str | None
    """Where AWS has it; None: only the simulation does."""

    @property
    def unit(self) -> str:
        """CloudWatch's unit."""
        return WINDOW_COLUMNS[self.name][0]

    @property
    def meaning(self) -> str:
        """What it is, in words."""
        return WINDOW_COLUMNS[self.name][1].rsplit(", ", 1)[0]


STATISTICS = ("SampleCount", "Sum", "Average", "Minimum", "Maximum", "p50", "p90", "p99")
"""Every statistic that is written, by CloudWatch's names, in the order of the columns."""
_TIMES = STATISTICS[:5]
_RATE = ("Sum", "Average")


def _rows(namespace: str | None, *rows: tuple[str, Kind, tuple[str, ...]]) -> dict[str, Metric]:
    return {name: Metric(name, kind, statistics, namespace) for name, kind, statistics in rows}


METRICS: Mapping[str, Metric] = MappingProxyType(
    _rows(
        SAGEMAKER,
        ("Invocations", Kind.each, ("Sum",)),
        ("InvocationsPerInstance", Kind.per_instance, ("Sum",)),
        ("InvocationModelErrors", Kind.number, _RATE),
        ("Invocation4XXErrors", Kind.number, _RATE),
        ("Invocation5XXErrors", Kind.number, _RATE),
        ("ModelCacheHit", Kind.share, ("SampleCount", "Sum", "Average")),
        ("ModelLatency", Kind.times, STATISTICS),
        ("OverheadLatency", Kind.equal, STATISTICS),
        ("ModelLoadingWaitTime", Kind.times, _TIMES),
        ("ModelDownloadingTime", Kind.times, _TIMES),
        ("ModelLoadingTime", Kind.times, _TIMES),
        ("ModelUnloadingTime", Kind.times, _TIMES),
        ("ConcurrentRequestsPerModel", Kind.most, ("Maximum",)),
    )
    | _rows(
        INSTANCES,
        ("LoadedModelCount", Kind.instances, ("SampleCount", "Sum", "Average")),
        ("CPUUtilization", Kind.instances, ("Average",)),
        ("MemoryUtilization", Kind.instances, ("Average",)),
        ("DiskUtilization", Kind.instances, ("Average",)),
        ("GPUUtilization", Kind.instances, ("Average",)),
        ("GPUMemoryUtilization", Kind.instances, ("Average",)),
    )
    | _rows(
        None,
        ("ClientLatency", Kind.times, STATISTICS),
        ("Instances", Kind.mean, ("Average",)),
        ("RequestsInSystem", Kind.mean, ("Average",)),
        ("QueueFull", Kind.number, _RATE),
        ("WorkerUtilization", Kind.mean, ("Average",)),
    )
)
"""Name -> metric. What AWS has, and by which statistics: "Monitor Amazon SageMaker AI with Amazon CloudWatch" and
"CloudWatch Metrics for Multi-Model Endpoint Deployments" of the developer guide.
"""

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]+")
_NAMESPACE = re.compile(r"[a-zA-Z0-9/][a-zA-Z0-9._/#: -]{0,253}[a-zA-Z0-9]|[a-zA-Z0-9]")


@dataclass(frozen=True)
class Labels:
    """Under which names the figures are written; UserError for those that AWS would refuse."""

    namespace: str
    endpoint: str
    """EndpointName."""
    variant: str
    """VariantName."""

    def __post_init__(self) -> None:
        """They go into files that other programs read: nothing but letters, digits and a few signs gets through."""
        if self.namespace.lower().startswith(RESERVED):
            raise UserError(
                f"--namespace {_shown(self.namespace)} is reserved for AWS: simulated figures need a namespace of "
                "their own, such as mmesim"
            )
        if not _NAMESPACE.fullmatch(self.namespace):
            raise UserError(
                f"--namespace {_shown(self.namespace)} is not a namespace of CloudWatch: write at most 255 letters, "
                "digits and . - _ / # : or spaces, a letter or digit at the end, and no : at the start"
            )
        for option, value in (("endpoint", self.endpoint), ("variant", self.variant)):
            if not _NAME.fullmatch(value):
                raise UserError(
                    f"--{option} {_shown(value)} is not a name for SageMaker: write at most 63 letters, digits and "
                    "hyphens, a letter or digit at both ends"
                )

    @property
    def dimensions(self) -> tuple[tuple[str, str], ...]:
        """The dimensions that AWS gives to all of these metrics."""
        return ("EndpointName", self.endpoint), ("VariantName", self.variant)


def endpoint_name(scenario: str) -> str:
    """The name of an endpoint for a scenario: its own, as far as SageMaker takes it."""
    return re.sub(r"[^a-zA-Z0-9]+", "-", scenario)[:63].strip("-") or "mmesim"


def region_of(name: str) -> str:
    """The region of this name, such as eu-central-1; UserError for what cannot be one."""
    if not _REGION.fullmatch(name):
        raise UserError(f"--region {_shown(name)} is not a region of AWS: write a name such as eu-central-1")
    return name


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
