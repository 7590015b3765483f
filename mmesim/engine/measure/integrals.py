"""What each host adds up over time, and the most that it used, up to some moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    views, n = plane.tables.views, len(hosts)
    return Integrals(
        up_s=np.array([h.until(now) - h.born_s for h in hosts]),
        cpu_busy_s=views.hosts.busy[:n].copy(),
        memory_byte_s=np.array([h.memory.integral_at(h.until(now)) for h in hosts]),
        disk_byte_s=np.array([h.disk.integral_at(h.until(now)) for h in hosts]),
        loaded_s=np.array([h.loaded.integral_at(h.until(now)) for h in hosts]),
        loads=np.array([h.loads for h in hosts], dtype=np.int64),
        unloads=np.array([h.unloads for h in hosts], dtype=np.int64),
        downloads=np.array([h.downloads for h in hosts], dtype=np.int64),
        download_s=np.array([h.download_s for h in hosts]),
        spin_lost_s=views.hosts.lost[:n].copy(),
        **{f"lacked_{what}": np.array([h.lacked[what] for h in hosts], dtype=np.int64) for what in ROOM},
        device_busy_s=_each(views.devices.busy, n),
        device_byte_s=_each(views.devices.held, n),
        device_copies=_each(views.devices.copies, n),
        workers=worker_time(views, now),
    )


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
