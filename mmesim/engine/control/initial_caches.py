"""How a run begins: with empty hosts, the most popular models in place, or as earlier traffic would have left it."""

from __future__ import annotations

from itertools import islice

import numpy as np

from mmesim.arrays import Floats
from mmesim.engine.control.eviction import Eviction
from mmesim.engine.control.host import Host
from mmesim.engine.control.loads.faults import SWALLOWED, LoadFaults
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.kernel.codes import BROKEN, NONE
from mmesim.scenario.endpoint.endpoint import STATIONARY
from mmesim.scenario.scenario import Scenario
from mmesim.workload.draws.generators import generator
from mmesim.workload.reference import TIMES, Reference, Room, rates_at_start
from mmesim.workload.requests import expected_calls


class InitialCaches:
    """Places models at time 0, at once and without counting a load."""

    def __init__(
        self,
        plane: DataPlane,
        hosts: list[Host],
        scenario: Scenario,
        replication: int,
        eviction: Eviction,
        faults: LoadFaults,
    ) -> None:
        self._faults = faults
        self._plane = plane
        self._hosts = hosts
        self._scenario = scenario
        self._replication = replication
        self._eviction = eviction
        self._models = scenario.model_table()
        self._held = [(model.pool_memory_bytes, model.pool_tasks) for model in self._models]
        self._policy = scenario.endpoint.router.policy
        self._last_s: Floats | None = None
        """[hosts, models] when each was called last, negative; None where the pools know it."""

    def begin(self) -> None:
        """Do what `endpoint.warm` says."""
        warm = self._scenario.endpoint.warm
        if warm == STATIONARY:
            self._stationary()
        elif warm:
            self._warm()
        if warm and self._scenario.uses_devices:
            self._fill_devices()

    def _warm(self) -> None:
        """One copy of each model by expected calls, most first, on its first host in rendezvous order where it fits."""
        calls = expected_calls(self._scenario)
        here = {model.index for model in self._scenario.hosted}
        refused = _Refused()
        for model in np.argsort(-calls, kind="stable").tolist():
            if model not in here or not self._can_be_loaded(model):
                continue
            needs = (*self._held[model], self._models[model].artifact_bytes)
            if not refused.covers(needs) and not any(
                self._place(model, host, 0.0) for host in self._plane.hosts_in_order(model)
            ):
                refused.add(needs)

    def _fill_devices(self) -> None:
        """Models on the devices, as far as they fit: those used last, of models that are placed the most popular."""
        pools = self._plane.tables.views.pools
        each: list[int] = []
        for host in self._hosts:
            # Placed in order of popularity at time 0, or replayed before: equal times keep the order.
            last_s = {pool: float(pools.last[pool]) for pool in self._plane.pools_of(host.row)}
            if self._last_s is not None:
                last_s = {pool: float(self._last_s[host.row, int(pools.model[pool])]) for pool in last_s}
            each += sorted(last_s, key=lambda pool: -last_s[pool])
        self._plane.fill_devices(0.0, each)

    def _stationary(self) -> None:
        """Leave the caches as three characteristic times of the same traffic leave them, replayed without timing.

        A request goes where the router would send it with nothing in flight: with `sticky` to the copy that there is,
        else to the host that still has the artefact, else to the model's first host in rendezvous order. A hit touches
        what eviction ranks by; a miss evicts by the endpoint's own policy and places the model at once. Times are
        negative and end at 0. When every model with traffic fits, each of them is placed instead. So it is with the
        disks: they have a characteristic time of their own, or all artefacts are there from the first moment.
        """
        rates = rates_at_start(self._scenario)
        rates[[not self._can_be_held(model) for model in range(len(rates))]] = 0.0
        if not rates.any():
            return
        hosts = len(self._hosts)
        everywhere = self._policy.spreads
        copies = (rates > 0.0) * (hosts if everywhere else 1)
        memory, disk = Room.of(self._scenario, hosts), Room.on_disk(self._scenario, hosts)
        if memory.holds(copies):
            self._place_all(rates, everywhere)
            # Nothing tells when each was called last: as far as devices go, by a Poisson process.
            chance = generator(self._scenario.run.seed, self._replication, "last calls")
            ages_s = chance.standard_exponential((hosts, len(rates))) / np.where(rates > 0.0, rates, np.nan)
            self._last_s = -ages_s
            return
        reference = Reference(self._scenario, self._replication, rates)
        time_s = reference.characteristic_time_s(memory)
        if disk.holds(copies):
            self._fill_disks(rates, everywhere)
        else:
            time_s = max(time_s, reference.characteristic_time_s(disk))
        self._replay(reference, TIMES * time_s)

    def _can_be_held(self, model: int) -> bool:
        return self._hosts[0].can_ever_hold(self._models[model]) and self._can_be_loaded(model)

    def _can_be_loaded(self, model: int) -> bool:
        """Whether a load of the model leaves something that counts as a copy, and a device has room for that."""
        fits = self._hosts[0].device_can_hold(self._models[model])
        return fits and self._faults.of(model) in (None, SWALLOWED)

    def _place_all(self, rates: Floats, everywhere: bool) -> None:
        """Every model with traffic, on each of its hosts or on the first where it fits."""
        for model in np.argsort(-rates, kind="stable")[: np.count_nonzero(rates)].tolist():
            homes = self._plane.hosts_in_order(model)
            if self._policy.one_home:
                homes = islice(homes, 1)
            for host in homes:
                if self._place(model, host, 0.0) and not everywhere:
                    break

    def _fill_disks(self, rates: Floats, everywhere: bool) -> None:
        """Every artefact with traffic on the disk of its first host, or of all of them; the most popular used last."""
        for model in np.argsort(rates, kind="stable")[np.count_nonzero(rates == 0.0) :].tolist():
            homes = self._plane.hosts_in_order(model)
            for row in homes if everywhere else islice(homes, 1):
                host, size = self._hosts[row], self._models[model].artifact_bytes
                if model in host.artefacts or host.disk_fits(size):
                    host.store(model, size)

    def _replay(self, reference: Reference, length_s: float) -> None:
        plane = self._plane
        # The eviction policy's own chance is another than in the run, which it must not change.
        seed = self._scenario.run.seed
        chances = [generator(seed, self._replication, "reference", "eviction", host.row) for host in self._hosts]
        arrivals = plane.tables.views.arrivals
        for time, model, route in reference.blocks(arrivals.time.size):
            n = int(np.searchsorted(time, length_s))
            arrivals.time[:n], arrivals.model[:n], arrivals.route[:n] = time[:n] - length_s, model[:n], route[:n]
            k = 0
            while True:
                k, row = plane.replay(k, n)
                if k == n:
                    break
                # Once its model is there, the request is looked at again: it touches it.
                if not self._load(int(arrivals.model[k]), self._hosts[row], float(arrivals.time[k]), chances[row]):
                    k += 1
            if n < len(time):
                break
        plane.come_to(0.0)

    def _load(self, model: int, host: Host, at_s: float, chance: np.random.Generator) -> bool:
        """Make room by the endpoint's own eviction and place a model; False when nothing more can be evicted."""
        size = self._models[model].artifact_bytes
        while model not in host.artefacts and not host.disk_fits(size):
            if not self._eviction.delete_artefact(host, at_s) and not self._evict(host, at_s, chance):
                return False
        while not host.fits(host.config.asked_bytes[model], self._held[model][1], 1):
            if not self._evict(host, at_s, chance):
                return False
        return self._place(model, host.row, at_s)

    def _evict(self, host: Host, at_s: float, chance: np.random.Generator) -> bool:
        """Unload the pool that the policy ranks first, at once; False when there is none."""
        plane = self._plane
        pool = self._eviction.victim(host, at_s, chance)
        if pool == NONE:
            return False
        model = int(plane.tables.views.pools.model[pool])
        plane.drain_pool(at_s, pool)
        plane.drop_pool(at_s, pool, on_disk=True)
        host.loaded.add(-1, 0.0)
        host.unloaded(model, *self._held[model], keep=True)
        return True

    def _place(self, model: int, row: int, at_s: float) -> bool:
        """Make a model ready on a host as if its load had ended at `at_s`; False when it does not fit."""
        host, size = self._hosts[row], self._models[model].artifact_bytes
        memory_bytes, tasks = self._held[model]
        on_disk = model in host.artefacts
        asked_bytes = host.config.kind.asks_bytes(self._models[model], memory_bytes)
        if not host.fits(asked_bytes, tasks, 1) or not (on_disk or host.disk_fits(size)):
            return False
        host.take(memory_bytes, tasks, 1)
        host.store(model, size)
        host.begin_pool(model)
        host.loaded.add(1, 0.0)
        pool = self._plane.create_pool(at_s, model, row)
        if self._faults.of(model) == SWALLOWED:
            load = self._models[model].load
            self._plane.spoil_pool(at_s, pool, BROKEN, load.cpu.mean, load.wait.mean)
        self._plane.pool_ready(at_s, pool)
        self._eviction.joins(host, pool)
        return True


class _Refused:
    """What no host has had room for: neither has any for what needs as much of everything, as nothing is given back."""

    def __init__(self) -> None:
        self._needs = np.empty((0, 3))

    def covers(self, needs: tuple[int, int, int]) -> bool:
        """Whether memory, tasks and disk are each at least those of something that was refused."""
        return bool((self._needs <= needs).all(axis=1).any())

    def add(self, needs: tuple[int, int, int]) -> None:
        """No host has room for this; it replaces what needs at least as much."""
        larger = (self._needs >= needs).all(axis=1)
        self._needs = np.vstack([self._needs[~larger], needs])
