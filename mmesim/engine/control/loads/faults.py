"""What can go wrong with a load: S3 is slow or fails requests, or the artefact is bad. Nothing does by itself.

The faults of a scenario change what is here; the loader asks.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import simpy

from mmesim.engine.control.eviction import Eviction
from mmesim.engine.control.host import Host
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.environment import Environment
from mmesim.engine.kernel.codes import BROKEN, NO_WORKER, NONE
from mmesim.scenario.endpoint.endpoint import Download
from mmesim.scenario.faults.fault import Fault
from mmesim.scenario.faults.kinds import FailingS3, LoadFailure, SlowS3
from mmesim.scenario.scenario import Scenario
from mmesim.workload.draws.generators import KeyedGenerators
from mmesim.workload.loads import LoadDraw

SWALLOWED: LoadFailure = "swallowed"
OUT_OF_MEMORY: LoadFailure = "507"


class LoadFailed(Exception):
    """A load ends without a copy, though nobody has broken it off."""


class Outage:
    """One time during which S3 fails requests; its draws belong to its fault, the model and the load."""

    def __init__(self, what: FailingS3, draws: KeyedGenerators) -> None:
        self.what = what
        self._draws = draws

    def of(self, model: str, load: int) -> list[tuple[float, float]]:
        """For each try of a download two uniform numbers: for its failure, and for the pause after it."""
        drawn = self._draws.at(model, load).random(2 * self.what.tries).tolist()
        return list(zip(drawn[::2], drawn[1::2], strict=True))


class S3:
    """How S3 answers the downloads of all hosts now."""

    def __init__(self, env: Environment, download: Download) -> None:
        self._env = env
        self._stream_Bps = download.stream_Bps
        self.slow: list[SlowS3] = []
        """What makes it slow now: the factors multiply, of rates and times given outright the worst holds."""
        self.outages: list[Outage] = []

    @property
    def most_per_download(self) -> float:
        """Most bytes a second that one download gets."""
        rates = [one.stream_Bps for one in self.slow if one.stream_Bps is not None]
        return min([self._stream_Bps, *rates]) / self._factor if self.slow else self._stream_Bps

    def first_byte(self, own_s: float, model: str, load: int) -> Generator[simpy.Event, Any, None]:
        """Wait for the first byte of an artefact, `own_s` by itself; raises LoadFailed when every try has failed."""
        env, failures = self._env, 0
        drawn: dict[Outage, list[tuple[float, float]]] = {}
        while True:
            first_byte_s = self._slowed(own_s) if self.slow else own_s
            if first_byte_s > 0.0:
                yield env.timeout(first_byte_s)
            if not self.outages:
                return
            for outage in self.outages:
                drawn.setdefault(outage, outage.of(model, load))
            failing = [one for one in self.outages if drawn[one][min(failures, one.what.tries - 1)][0] < one.what.share]
            if not failing:
                return
            tries = min(one.what.tries for one in failing)
            failures += 1
            if failures >= tries:
                raise LoadFailed
            yield env.timeout(drawn[failing[0]][failures - 1][1] * 2.0 ** (failures - 1))

    def _slowed(self, own_s: float) -> float:
        times = [own_s, *(one.first_byte_s for one in self.slow if one.first_byte_s is not None)]
        return max(times) * self._factor

    @property
    def _factor(self) -> float:
        factor = 1.0
        for one in self.slow:
            factor *= one.factor or 1.0
        return factor


class LoadFaults:
    """What goes wrong with loads now."""

    def __init__(self, env: Environment, plane: DataPlane, scenario: Scenario, eviction: Eviction) -> None:
        self._env = env
        self._plane = plane
        self._eviction = eviction
        self.s3 = S3(env, scenario.endpoint.download)
        self.bad: dict[int, list[Fault]] = {}
        """Models whose loads fail, and the faults that act on them; that which came last says how."""
        self.left_behind: dict[int, list[int]] = {}
        """Models whose unloads leave memory behind in the container, and bytes by each fault."""

    def of(self, model: int) -> LoadFailure | None:
        """How a load of the model fails that ends now; None: it does not."""
        what = self.bad[model][-1].poison_model if self.bad.get(model) else None
        return None if what is None else what.load_failure

    def unloaded(self, host: Host, model: int) -> None:
        """A copy of the model was unloaded: what that leaves behind stays."""
        left_bytes = sum(self.left_behind.get(model, ()))
        if left_bytes:
            host.leave(left_bytes)

    def strike(
        self, host: Host, pool: int, draw: LoadDraw, unload: Callable[[Host, int], simpy.Event]
    ) -> Generator[simpy.Event, Any, None]:
        """The end of a load: what a bad one leaves of its copy; raises LoadFailed when that is nothing.

        After a 507 the platform unloads an idle model and tries again; a server that has kept the model answers 409,
        already loaded (both measured on MMS), and from then on calls find a copy without a worker.
        """
        env, plane = self._env, self._plane
        model = host.config.models[plane.tables.views.pools.model[pool]]
        failure = self.of(model.index)
        if failure == SWALLOWED:
            plane.spoil_pool(env.now, pool, BROKEN, draw.cpu[0], draw.wait[0])
        elif failure == OUT_OF_MEMORY:
            victim = self._eviction.victim(host, env.now)
            if victim != NONE:
                yield unload(host, victim)
            kept = host.config.kind.kept_after_507(model)
            if kept is None:
                raise LoadFailed
            plane.spoil_pool(env.now, pool, NO_WORKER)
            host.extra[pool] = kept[0] - model.pool_memory_bytes, kept[1] - model.pool_tasks
        elif failure is not None:
            raise LoadFailed
