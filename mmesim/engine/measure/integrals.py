"""What each host adds up over time, and the most that it used, up to some moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmesim.arrays import Floats, Ints
from mmesim.engine.control.host import ROOM, Host
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.measure.worker_time import WorkerTime, worker_time


@dataclass(frozen=True)
class Integrals:
    """What each host has added up from its birth to its end, so far, one entry a host; and the time of workers."""

    up_s: Floats
    cpu_busy_s: Floats
    memory_byte_s: Floats
    disk_byte_s: Floats
    loaded_s: Floats
    loads: Ints
    unloads: Ints
    downloads: Ints
    download_s: Floats
    spin_lost_s: Floats
    lacked_memory: Ints
    lacked_tasks: Ints
    lacked_disk: Ints
    lacked_models: Ints
    device_busy_s: Floats
    device_byte_s: Floats
    """Of models on devices, without what the container takes."""
    device_copies: Ints
    workers: WorkerTime

    def since(self, before: Integrals, hosts: int) -> Integrals:
        """What was added after `before`, one entry for each of `hosts`: those that came later had added nothing yet."""
        earlier = vars(before)
        return Integrals(
            workers=self.workers.since(before.workers),
            **{
                name: padded(after, hosts) - padded(earlier[name], hosts)
                for name, after in vars(self).items()
                if name != "workers"
            },
        )


@dataclass(frozen=True)
class Peaks:
    """The most that each host has used so far; one entry a host in every array."""

    memory_bytes: Ints
    tasks: Ints

    @classmethod
    def of(cls, hosts: Sequence[Host]) -> Peaks:
        """The peaks up to now."""
        return cls(
            np.array([host.memory.peak for host in hosts], dtype=np.int64),
            np.array([host.tasks.peak for host in hosts], dtype=np.int64),
        )


def integrals(plane: DataPlane, hosts: Sequence[Host], now: float) -> Integrals:
    """Everything that accumulates over time, up to `now`, which is the present."""
    plane.sync(now)
    views = plane.tables.views
    added_up = {name: total(views, hosts, now) for name, total in ADDED_UP.items()}
    return Integrals(**added_up, workers=worker_time(views, now))


def _each(devices: NDArray[Any], hosts: int) -> NDArray[Any]:
    """A column of the devices as a sum for each host."""
    return devices[:hosts].sum(axis=1) if devices.size else np.zeros(hosts, devices.dtype)


def padded(values: NDArray[Any], n: int) -> NDArray[Any]:
    """Values with zeros up to `n` of them."""
    if values.size == n:
        return values
    padded = np.zeros(n, values.dtype)
    padded[: values.size] = values
    return padded


def _sum_of(name: str) -> Callable[[Any, Sequence[Host], float], NDArray[Any]]:
    """What a gauge of each host has added up over time."""
    return lambda _, hosts, now: np.array([getattr(host, name).integral_at(host.until(now)) for host in hosts])


def _number_of(name: str) -> Callable[[Any, Sequence[Host], float], NDArray[Any]]:
    """What each host has counted."""
    return lambda _, hosts, now: np.array([getattr(host, name) for host in hosts], dtype=np.int64)


def _lacked(what: str) -> Callable[[Any, Sequence[Host], float], NDArray[Any]]:
    return lambda _, hosts, now: np.array([host.lacked[what] for host in hosts], dtype=np.int64)


ADDED_UP: Mapping[str, Callable[[Any, Sequence[Host], float], NDArray[Any]]] = MappingProxyType(
    {
        "up_s": lambda _, hosts, now: np.array([host.until(now) - host.born_s for host in hosts]),
        "cpu_busy_s": lambda views, hosts, _: views.hosts.busy[: len(hosts)].copy(),
        "memory_byte_s": _sum_of("memory"),
        "disk_byte_s": _sum_of("disk"),
        "loaded_s": _sum_of("loaded"),
        "loads": _number_of("loads"),
        "unloads": _number_of("unloads"),
        "downloads": _number_of("downloads"),
        "download_s": lambda _, hosts, now: np.array([host.download_s for host in hosts]),
        "spin_lost_s": lambda views, hosts, _: views.hosts.lost[: len(hosts)].copy(),
        **{f"lacked_{what}": _lacked(what) for what in ROOM},
        "device_busy_s": lambda views, hosts, _: _each(views.devices.busy, len(hosts)),
        "device_byte_s": lambda views, hosts, _: _each(views.devices.held, len(hosts)),
        "device_copies": lambda views, hosts, _: _each(views.devices.copies, len(hosts)),
    }
)
"""What each host adds up -> how it is found up to now: (`tables.views`, the hosts, now) -> one entry a host."""

OF_KERNEL = frozenset({"cpu_busy_s", "spin_lost_s", "device_busy_s", "device_byte_s"})
"""What the kernel adds up over time, which it has to bring to now first."""
