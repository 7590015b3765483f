"""Behind each kind of wait stands something that is too small: what it is, by the use of what there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count as count_from
from math import ceil

import numpy as np

from mmesim.arrays import Floats, divide
from mmesim.preflight.call_time import in_server_s
from mmesim.preflight.load_time import load_parts_s
from mmesim.preflight.offered import Offered
from mmesim.preflight.room import HELD, Host, copies_of_each, free_memory_bytes
from mmesim.preflight.workers import occupancy
from mmesim.results.binding.broken import Broken, while_broken
from mmesim.results.binding.up import up_while_loading
from mmesim.results.figures.figures import DEVICE_USE, USE, measured_s, worker_use
from mmesim.results.figures.tenants import pooled_tenants
from mmesim.results.measured.run_data import RunData, TenantData
from mmesim.results.over_time.fleet import cpu_share
from mmesim.scenario.constraints import Resource
from mmesim.scenario.faults.kinds import ZoneLoss
from mmesim.scenario.scenario import Scenario
from mmesim.stats.means import mean

AS_BUSY = 0.95
"""A queue waits for the CPU when that is used at least this much of what workers are: more workers would share it."""
FULL = 0.9
"""Utilization, while a queue refuses calls, from which on no length of it would cure that."""
MOSTLY = 0.5
"""Calls lack memory of devices when copying models there takes at least this share of the time of the devices."""
FOR_LACK = 0.5
"""Loads are due to lack of room when room was lacking at least this often for each of them."""


@dataclass(frozen=True)
class Roots:
    """What the finished replications of a scenario used of what there was."""

    scenario: Scenario
    runs: Sequence[RunData]

    @cached_property
    def tenants(self) -> TenantData:
        """The models, all replications together."""
        return pooled_tenants(self.runs)

    @property
    def measured_s(self) -> float:
        """The measured time of all replications."""
        return sum(map(measured_s, self.runs))

    @cached_property
    def cpu(self) -> float:
        """Share of the vCPUs that the fullest host used, mean over replications."""
        return mean([float(divide(*USE["cpu_utilization"](run.hosts), 0.0).max(initial=0.0)) for run in self.runs])

    @cached_property
    def broken(self) -> Broken | None:
        """The minutes that broke a limit, of a fleet to which something happens."""
        return while_broken(self.scenario, self.runs)

    @property
    def cpu_then(self) -> float:
        """Share of the vCPUs that was busy when it mattered: of the fullest host, or in the minutes that broke a limit
        of all that were up, whichever is more.
        """
        return self.cpu if self.broken is None else max(self.cpu, self.broken.cpu)

    @cached_property
    def worker_use(self) -> Floats:
        """For each model the share of their time that its workers are busy; nan for one that is hardly loaded."""
        return worker_use(self.tenants, self.measured_s)

    @property
    def busiest(self) -> int | None:
        """The model whose workers are busiest, None when no model has workers of its own."""
        return None if np.isnan(self.worker_use).all() else int(np.nanargmax(self.worker_use))

    @property
    def workers(self) -> float:
        """Utilization of the busiest workers, 0 to 1."""
        if self.busiest is not None:
            return float(self.worker_use[self.busiest])
        there = sum(run.shared_worker_s for run in self.runs)
        return float(self.tenants.worker_busy_s.sum()) / there if there else 0.0

    @property
    def queue(self) -> Resource:
        """What a call in a queue waits for: of CPU, device and workers in series, the one that is used more.

        Where workers are added while calls wait, and neither CPU nor device is full, it is workers: those that are not
        there yet.
        """
        if self.grows and max(self.cpu_then, self.device) < FULL:
            return "workers"
        if max(self.cpu, self.device) < AS_BUSY * self.workers:
            return "workers"
        return "cpu" if self.cpu >= self.device else self.on_device

    @cached_property
    def grows(self) -> bool:
        """Whether the busiest model gets more workers while its calls wait."""
        if self.busiest is None:
            return False
        workers = self.scenario.server_kind.model_workers(self.scenario.model_table()[self.busiest])
        return workers.at_most > workers.at_start

    @cached_property
    def device(self) -> float:
        """Share of their time that the devices of the fullest host had jobs, mean over replications."""
        used = [run.devices for run in self.runs if run.devices is not None]
        each = [float(divide(*DEVICE_USE["devices.utilization"](of), 0.0).max(initial=0.0)) for of in used]
        return mean(each) if each else 0.0

    @property
    def on_device(self) -> Resource:
        """What a device has too little of that keeps calls waiting: memory, if it mostly copies models, else time."""
        return "device_memory" if self.copying_s >= MOSTLY * self.device_busy_s else "device"

    @cached_property
    def copying_s(self) -> float:
        """Time of all copies of models to devices."""
        devices, called = self.scenario.endpoint.host.devices, self.tenants.calls > 0
        copies = sum(int(run.devices.copies.sum()) for run in self.runs if run.devices is not None)
        sizes = [
            m.device_memory_bytes for m in self.scenario.model_table() if called[m.index] and m.device_memory_bytes
        ]
        return 0.0 if devices is None or not sizes else copies * sum(sizes) / len(sizes) / devices.copy_Bps

    @cached_property
    def device_busy_s(self) -> float:
        """Time of jobs on all devices, as far as they do one at a time."""
        return sum(float(run.devices.busy_s.sum()) for run in self.runs if run.devices is not None)

    @property
    def full_queue(self) -> Resource:
        """What a call lacks that finds its queue full: room in the queue, if workers and CPU keep up meanwhile."""
        busy = self.busy_when_full >= FULL and (self.cpu_then >= FULL or not self._would_do_in_full_batches)
        return self.queue if busy else "queue"

    @property
    def _would_do_in_full_batches(self) -> bool:
        """Whether workers are busy because they wait for batches to fill, and could do all calls in full ones."""
        if max(model.batch_size for model in self.scenario.model_table()) == 1:
            return False
        need, have = occupancy(Offered(self.scenario))
        return bool(need.any() and (need < FULL * have).all())

    @cached_property
    def busy_when_full(self) -> float:
        """Utilization of CPU or of the busiest workers, whichever is higher, in the minutes of refusals."""
        refused, busy = 0.0, 0.0
        for run in self.runs:
            windows = run.windows
            most = np.fmax(cpu_share(run), windows["WorkerUtilization_Maximum"] / 100.0)
            measured = windows["start_s"] >= run.warmup_s
            refused += float(windows["QueueFull"][measured].sum())
            busy += float((windows["QueueFull"] * np.nan_to_num(most))[measured].sum())
        return busy / refused if refused else max(self.cpu, self.workers)

    @property
    def misfits(self) -> Resource | None:
        """What a model that never fits has too little of."""
        room = Host(Offered(self.scenario))
        return next((what for what in HELD if not all(room.fits(model, what) for model in self.scenario.hosted)), None)

    @cached_property
    def lack(self) -> Resource | None:
        """What there is too little of to keep the called models loaded; None when loads have other reasons."""
        lacked = {what: self._count(f"lacked_{what}") for what in ("memory", "tasks", "models")}
        if sum(lacked.values()) < FOR_LACK * max(1, self._count("loads")):
            return "disk" if self.download == "disk" else None
        if lacked["models"] > max(lacked["memory"], lacked["tasks"]):
            return "models"
        if lacked["tasks"] > lacked["memory"]:
            return "tasks"
        return "placement" if self.instances_then > 1 and self.fit_all else "memory"

    @property
    def stall(self) -> Resource:
        """What a call lacks that waits for an event loop: it is busy with registrations, or with other calls."""
        return "load" if self.cpu_then < FULL and self._count("loads") else "cpu"

    @cached_property
    def endless(self) -> Resource | None:
        """The longest part of loads that reach their limit even on an idle host, if most called models load so."""
        offered, called = Offered(self.scenario), self.tenants.calls > 0
        parts = [load_parts_s(offered, model) for model in self.scenario.model_table() if called[model.index]]
        never = [one for one in parts if sum(one.values()) > self.scenario.endpoint.load_limit_s]
        if not never or len(never) < FOR_LACK * len(parts):
            return None
        work_s = sum(one.get("load", 0.0) for one in never)
        return "load" if work_s > sum(sum(one.values()) for one in never) - work_s else "download"

    @cached_property
    def hopeless(self) -> Mapping[str, bool]:
        """Cause of failure by a time-out -> whether most calls take longer even if they wait for nothing."""
        offered, calls = Offered(self.scenario), self.tenants.calls
        took_s = np.array([in_server_s(offered, model) for model in offered.models])
        ends_s = {
            "client_timeout": self.scenario.clients.timeout_s - self.scenario.fixed_delay_s,
            "invocation_timeout": self.scenario.endpoint.invocation_timeout_s,
        }
        return {cause: bool(calls[took_s > end_s].sum() > calls.sum() / 2) for cause, end_s in ends_s.items()}

    @property
    def first_loads(self) -> bool:
        """Whether loads are those of first calls to an endpoint that starts empty."""
        unloaded = self._count("unloads") >= FOR_LACK * max(1, self._count("loads"))
        return self.scenario.endpoint.warm is False and not unloaded

    @property
    def download(self) -> Resource:
        """What a call that waits for a download lacks: disk, if artefacts are deleted to make room for each other."""
        downloads = self._count("downloads")
        return "disk" if downloads and self._count("lacked_disk") >= FOR_LACK * downloads else "download"

    @cached_property
    def instances(self) -> int:
        """Hosts; with autoscaling those that were up on average, rounded."""
        endpoint = self.scenario.endpoint
        if endpoint.autoscaling is None:
            return endpoint.instance_count
        return max(1, round(sum(float(run.hosts.up_s.sum()) for run in self.runs) / self.measured_s))

    @cached_property
    def instances_then(self) -> int:
        """Hosts that were up while calls waited for loads, rounded; those that a deploy adds do not count."""
        then = up_while_loading(self.runs)
        return self.instances if then is None else max(1, min(round(then), self.scenario.endpoint.most_instances))

    @property
    def is_without_lost(self) -> bool:
        """Whether instances of a fixed fleet were missing while calls waited for loads."""
        return self.scenario.endpoint.autoscaling is None and self.instances_then < self.instances

    @property
    def then_in_words(self) -> str:
        """Of which fleet a figure is where instances were missing, as the end of a phrase."""
        if not self.is_without_lost:
            return ""
        return f" on the {self.instances_then} of {self.instances} instances that were up while calls waited"

    def enough(self, instances: int) -> int:
        """So many instances; where some were lost as many more as it takes that these are left.

        What is lost is an Availability Zone, be it the one with the most instances, or as many instances as were.
        """
        if not self.is_without_lost:
            return instances
        zones = self.scenario.endpoint.zones
        if zones == 1 or not any(isinstance(fault.what, ZoneLoss) for fault in self.scenario.faults):
            return instances + self.instances - self.instances_then
        return next(count for count in count_from(instances) if count - ceil(count / zones) >= instances)

    def advised(self, instances: int) -> str:
        """So many instances, as in `--set`; with autoscaling as the fewest."""
        key = "instance_count" if self.scenario.endpoint.autoscaling is None else "autoscaling.min"
        return f"endpoint.{key}={instances}"

    @cached_property
    def copies_bytes(self) -> Floats:
        """Memory of a copy of each called model that a host can hold."""
        called, room = self.tenants.calls > 0, Host(Offered(self.scenario))
        models = [model for model in self.scenario.model_table() if called[model.index] and room.fits(model, "memory")]
        return np.array([float(model.pool_memory_bytes) for model in models])

    @property
    def need_bytes(self) -> float:
        """Memory of all copies of the called models that the router wants."""
        return float(self.copies_bytes.sum()) * copies_of_each(self.scenario)

    @property
    def have_bytes(self) -> float:
        """Memory for models on all hosts that were up while calls waited for loads."""
        return float(free_memory_bytes(self.scenario.endpoint) * self.instances_then)

    @property
    def fit_all(self) -> bool:
        """Whether all copies would fit on the hosts that were up then, were they placed well: largest first."""
        hosts = self.instances_then
        free = np.full(hosts, float(free_memory_bytes(self.scenario.endpoint)))
        for size in -np.sort(-np.repeat(self.copies_bytes, copies_of_each(self.scenario))):
            host = int(free.argmax())
            free[host] -= size
            if free[host] < 0.0:
                return False
        return True

    def _count(self, name: str) -> int:
        return int(sum(getattr(run.hosts, name).sum() for run in self.runs))

    def mean_download_s(self) -> float | None:
        """How long a download took, None when none has ended."""
        n = self._count("downloads")
        return sum(float(run.hosts.download_s.sum()) for run in self.runs) / n if n else None

    def mean_load_s(self) -> float | None:
        """How long a load took from the first call that asked for it, None when none has ended."""
        times = np.concatenate([run.load_s for run in self.runs])
        return float(times.mean()) if times.size else None
