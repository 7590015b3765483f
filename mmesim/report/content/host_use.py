"""How much of each host was used: what a picture of the hosts shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmesim.arrays import Floats, Ints, divide

MOST_DRAWN = 24
"""Hosts in a picture: the fullest ones."""
RESOURCES: Mapping[str, str] = MappingProxyType(
    {
        "cpu_utilization": "CPU",
        "memory_utilization": "memory",
        "disk_utilization": "disk",
        "device_utilization": "devices",
        "device_memory_utilization": "device memory",
    }
)
"""Column of the table of hosts, those of devices only where there are any -> its name."""
MEMORY = "memory_utilization"


@dataclass(frozen=True)
class HostUse:
    """Use of each host [hosts], 0..1: the mean over the replications in which it was in service, and of its memory the
    most at once.
    """

    hosts: Ints
    """their numbers"""
    use: Mapping[str, Floats]
    """column -> use"""
    peak: Floats
    order: Ints
    """their places, the fullest first"""

    @property
    def drawn(self) -> Ints:
        """The places of the fullest hosts, in order of their number."""
        return np.sort(self.order[:MOST_DRAWN])

    @property
    def which(self) -> str:
        """Which hosts are drawn, where that is not all."""
        return f"the {MOST_DRAWN} fullest of {len(self.hosts):,} hosts" if len(self.hosts) > MOST_DRAWN else ""


def host_use(table: pa.Table) -> HostUse:
    """From the table of hosts: of those that were in service within the measured time."""
    found = table.filter(pc.greater(table["up_s"], 0.0))
    number = found["host"].to_numpy().astype(np.int64)
    hosts = np.unique(number)
    use = {
        key: _mean(found[key].to_numpy().astype(np.float64), number, hosts)
        for key in RESOURCES
        if key in found.column_names
    }
    peaks = divide(found["memory_peak_bytes"].to_numpy() * 1.0, found["memory_bytes"].to_numpy() * 1.0, 0.0)
    peak = np.array([float(peaks[number == one].max()) for one in hosts])
    return HostUse(hosts, use, peak, np.argsort(-np.max([*use.values()], axis=0), kind="stable"))


def _mean(values: Floats, number: Ints, hosts: Ints) -> Floats:
    filled = np.nan_to_num(values)
    return np.array([float(filled[number == one].mean()) for one in hosts])
