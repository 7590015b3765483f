"""The endpoint as a custom process sees it: what it may read, and the verbs of the control plane."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy

from mmesim.engine.control.fleet import Fleet
from mmesim.engine.control.host import Host
from mmesim.engine.control.loads.loader import Loader
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.environment import Environment
from mmesim.engine.kernel.codes import A_QUEUED, DRAINING, LOADING, NONE, READY, UP
from mmesim.errors import did_you_mean
from mmesim.results.measured.run_data import CAUSES
from mmesim.scenario.scenario import Scenario

POOL_STATES = {LOADING: "loading", READY: "ready", DRAINING: "unloading"}
POLL_S = 1.0
"""How often a drained host is looked at."""


@dataclass(frozen=True)
class HostView:
    """One host at the moment it was asked for."""

    row: int
    up: bool
    """Whether the router sends requests to it."""
    models: tuple[str, ...]
    """Models that are ready, in order of the beginning of their loads."""
    memory_bytes: int
    """Memory of the container, its models, and loads and unloads under way."""
    free_bytes: int
    """What is left of the usable memory."""
    tasks: int
    """Processes and threads."""
    in_flight: int
    """Requests that wait for a load or for an answer here."""
    load_queue: int
    """Loads under way or waiting for a load slot."""
    speed: float
    """CPU seconds of work that one thread does in a second when it has a vCPU for itself."""


@dataclass(frozen=True)
class PoolView:
    """One model on one host at the moment it was asked for."""

    model: str
    host: int
    state: str
    """`loading`, `ready` or `unloading`."""
    in_flight: int
    """Requests that were handed to the container and are not done."""
    queued: int
    """Those of them that wait for a worker."""
    idle_s: float
    """Seconds since the last request."""


@dataclass(frozen=True)
class Counters:
    """Calls of the whole run so far; hits and misses are of the measured attempts that have ended."""

    calls: int
    ok: int
    errors: dict[str, int]
    """Failed calls by cause."""
    in_flight: int
    hits: int
    misses: int


class EndpointControl:
    """What a user's process `watch(env, endpoint)` gets as `endpoint`.

    Hosts are named by their row, models by their name. Times are seconds of simulated time. A verb acts at once; what
    takes time returns an event to be yielded or ignored. A verb that makes no sense raises ValueError.
    """

    def __init__(self, env: Environment, plane: DataPlane, fleet: Fleet, loader: Loader, scenario: Scenario) -> None:
        self._env = env
        self._plane = plane
        self._fleet = fleet
        self._loader = loader
        self._names = tuple(model.name for model in scenario.model_table())
        self._rows = {name: row for row, name in enumerate(self._names)}

    @property
    def hosts(self) -> tuple[HostView, ...]:
        """Every host that is there, drained ones too, in order of its row."""
        return tuple(self._view(host) for host in self._fleet.alive)

    def pools(self, host: int) -> tuple[PoolView, ...]:
        """The models on a host, in order of the beginning of their loads."""
        self._host(host)
        pools = self._plane.tables.views.pools
        return tuple(
            PoolView(
                model=self._names[int(pools.model[p])],
                host=host,
                state=POOL_STATES[int(pools.state[p])],
                in_flight=int(pools.in_flight[p]),
                queued=self._queued(p),
                idle_s=self._env.now - float(pools.last[p]),
            )
            for p in self._plane.pools_of(host)
        )

    @property
    def counters(self) -> Counters:
        """What has been counted so far."""
        views = self._plane.tables.views
        counts = views.counts[0]
        return Counters(
            calls=int(counts.calls),
            ok=int(counts.ok_all),
            errors=dict(zip(CAUSES, views.causes[1].tolist(), strict=True)),
            in_flight=int(counts.in_system),
            hits=int(counts.hits),
            misses=int(counts.misses),
        )

    def load(self, model: str, host: int) -> simpy.Process:
        """Load a model on a host, unless it is there. The event's value: whether it is ready at the end of the load.

        It is not when the load took longer than `load_limit`, or when the model can never fit.
        """
        row = self._model(model)
        if not self._view(self._host(host)).up:
            raise ValueError(f"host {host} is draining: nothing is loaded there")
        if self._pool(row, host) == NONE:
            self._loader.load(row, host)
        return self._env.process(self._load_end(self._pool(row, host)))

    def unload(self, model: str, host: int, force: bool = False) -> simpy.Event:
        """Unload a model that is ready on a host; its artefact stays on disk. The event is the end of the unload.

        With `force` also while requests are in flight: those in a worker fail at once (`worker_died`), those in the
        front end find no model (`model_error`), and those that wait for a worker are never answered by the server, so
        that a time-out answers them (MMS's DELETE, measured).
        """
        controller = self._host(host)
        pools = self._plane.tables.views.pools
        pool = self._pool(self._model(model), host)
        if pool == NONE or int(pools.state[pool]) != READY:
            raise ValueError(f"model {model!r} is not ready on host {host}")
        busy = int(pools.in_flight[pool])
        if busy and not force:
            raise ValueError(f"model {model!r} has {busy} requests in flight on host {host}: force=True drops them")
        return self._loader.unload(controller, pool)

    def add_instance(self) -> int:
        """A new host, up from now and without any model; its row."""
        return self._fleet.add().row

    def drain(self, host: int) -> simpy.Process:
        """Send no new request to a host; what is there goes on. The event: nothing is in flight there any more.

        The host stays, with its models and its price, until `remove`.
        """
        self._fleet.rest(self._host(host))
        return self._env.process(self._drained(host))

    def provision(self) -> simpy.Process:
        """A new host, in service after a time drawn from `endpoint.provisioning`. The event's value: its row."""
        return self._env.process(self._provisioned())

    def remove(self, host: int) -> None:
        """A host goes, now and for good; nothing may be in flight or loading there."""
        self._fleet.remove(self._host(host))

    def lose(self, host: int) -> None:
        """A host is no more: calls on it fail, and those sent there until `endpoint.loss_noticed_after` has passed.

        Nothing takes its place, unless you `provision`.
        """
        self._fleet.lose(self._host(host))

    def slow(self, host: int, factor: float) -> None:
        """Make every CPU of a host `factor` times slower (2: half its speed) than it is by itself."""
        if not factor >= 1.0:
            raise ValueError(f"factor {factor!r}: 1 or more, 2 for half the speed")
        full_speed = self._host(host).config.endpoint.host.cpu_speed
        self._plane.set_speed(self._env.now, host, full_speed / factor)

    def restore(self, host: int) -> None:
        """Give a host its own speed back."""
        self.slow(host, 1.0)

    def _provisioned(self) -> Generator[simpy.Event, Any, int]:
        host: Host = yield self._fleet.provision()
        return host.row

    def _load_end(self, pool: int) -> Generator[simpy.Event, Any, bool]:
        life = int(self._plane.tables.views.pools.gen[pool])
        if int(self._plane.tables.views.pools.state[pool]) == LOADING:
            yield self._loader.loading(pool)
        pools = self._plane.tables.views.pools
        return int(pools.gen[pool]) == life and int(pools.state[pool]) == READY

    def _drained(self, host: int) -> Generator[simpy.Event, Any, None]:
        controller = self._host(host)
        while not controller.is_gone and (
            self._view(controller).in_flight or any(pool.in_flight for pool in self.pools(host))
        ):
            yield self._env.timeout(POLL_S)

    def _view(self, host: Host) -> HostView:
        views = self._plane.tables.views
        row, pools = host.row, views.pools
        ready = (p for p in self._plane.pools_of(row) if int(pools.state[p]) == READY)
        return HostView(
            row=row,
            up=int(views.hosts.state[row]) == UP,
            models=tuple(self._names[int(pools.model[p])] for p in ready),
            memory_bytes=host.memory.value,
            free_bytes=host.free[0],
            tasks=host.tasks.value,
            in_flight=int(views.hosts.in_flight[row]),
            load_queue=int(views.hosts.load_queue[row]),
            speed=float(views.hosts.speed[row]),
        )

    def _queued(self, pool: int) -> int:
        """Requests for a model on a host that wait for a worker, in a queue of its own or in a shared one."""
        attempts = self._plane.tables.views.attempts
        return int(np.count_nonzero((attempts.state == A_QUEUED) & (attempts.pool == pool)))

    def _pool(self, model: int, host: int) -> int:
        """The pool of a model that is loading or ready on a host, else NONE."""
        pools = self._plane.tables.views.pools
        alive = (p for p in self._plane.pools_of(host) if int(pools.state[p]) != DRAINING)
        return next((p for p in alive if int(pools.model[p]) == model), NONE)

    def _host(self, row: int) -> Host:
        hosts = self._fleet.hosts
        if not 0 <= row < len(hosts):
            raise ValueError(f"there is no host {row}: the rows are 0 to {len(hosts) - 1}")
        if hosts[row].is_gone:
            raise ValueError(f"host {row} is gone, since {hosts[row].gone_s:g} s")
        return hosts[row]

    def _model(self, name: str) -> int:
        if name not in self._rows:
            hint = did_you_mean(name, self._names)
            raise ValueError(f"there is no model {name!r}" + (f" ({hint})" if hint else ""))
        return self._rows[name]
