"""What can limit a run or a fleet: its id in documents and tables, and its name in every report.

What binds is found by `mmesim.results.binding` from a run, and by `mmesim.preflight.proof` from arithmetic alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Resource = Literal[
    "cpu",
    "workers",
    "queue",
    "batch_delay",
    "memory",
    "placement",
    "tasks",
    "disk",
    "models",
    "device",
    "device_memory",
    "load_slots",
    "download",
    "load",
    "throttling",
    "client_timeout",
    "invocation_timeout",
]
"""What calls can wait for, or lack."""

Constraint = Resource | Literal["event", "service"]
"""What can bind; event: a fault, a deploy or a scale-in; service: what calls take by themselves."""

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "cpu": "CPU",
        "workers": "workers",
        "queue": "queue length",
        "batch_delay": "batch delay",
        "memory": "memory",
        "placement": "placement",
        "tasks": "processes and threads",
        "disk": "disk",
        "models": "number of models",
        "device": "device",
        "device_memory": "device memory",
        "load_slots": "load slots",
        "download": "downloads",
        "load": "loads",
        "throttling": "throttling",
        "client_timeout": "client time-out",
        "invocation_timeout": "invocation time-out",
        "event": "a fault, a deploy or a scale-in",
        "service": "the calls' own work",
    }
)
"""Id -> name; documents of other versions may have ids that are not here."""
