"""What goes from a host to make room: an idle pool by the scenario's rule, or an artefact without a pool."""

from __future__ import annotations

import operator

import numpy as np

from mmesim.engine import user_code
from mmesim.engine.control.config import Config
from mmesim.engine.control.host import Host
from mmesim.engine.control.ranking import Ranking
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.kernel.codes import NONE
from mmesim.errors import UserCodeError
from mmesim.policies.eviction import Choice, Chosen, IdlePools, ModelFigures, Policy, policy
from mmesim.scenario.models.groups import Model
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.server.overhead import CpuWait
from mmesim.scenario.values.function import Function


class Eviction:
    """Chooses what is unloaded, and deletes artefacts, for whoever needs room on a host."""

    def __init__(self, plane: DataPlane, scenario: Scenario) -> None:
        self._plane = plane
        rule = scenario.endpoint.eviction
        self._policy: Policy = Chosen(_checked(rule)) if isinstance(rule, Function) else policy(rule)
        self._pinned = frozenset(np.flatnonzero(plane.tables.views.models.pinned).tolist())
        self._start = scenario.server.process_start
        self._figures: dict[int, ModelFigures] = {}
        """By place of the configuration of hosts, of those on which something was evicted."""
        self._rankings: dict[int, Ranking] = {}
        """By row of the host, of those on which a ranked policy has looked for a victim."""

    def joins(self, host: Host, pool: int) -> None:
        """A pool of the host is ready: it can be a victim from now on."""
        ranking = self._rankings.get(host.row)
        if ranking is not None:
            ranking.add(pool)
            if ranking.is_mostly_past(host.loaded.value):
                del self._rankings[host.row]  # the next search begins with a new one

    def victim(self, host: Host, now: float, rng: np.random.Generator | None = None) -> int:
        """The pool that the policy unloads first, NONE when it may unload none; moves the host's clock.

        `rng` takes the place of the host's own for a policy that draws.
        """
        policy = self._policy
        if isinstance(policy, Chosen):
            return self._scan(host, now, host.rng if rng is None else rng)
        ranking = self._rankings.get(host.row)
        if ranking is None:
            ranking = Ranking(self._plane, host.row, policy, self._figures_on(host.config), self._pinned)
            self._rankings[host.row] = ranking
        pool = ranking.lowest()
        if pool is None:
            pool = self._scan(host, now, host.rng)
        if policy.ages and pool != NONE:
            priority = float(ranking.key(pool)[0])
            if priority > self._plane.tables.views.hosts.clock[host.row]:
                self._plane.set_clock(now, host.row, priority)
        return pool

    def _scan(self, host: Host, now: float, rng: np.random.Generator) -> int:
        """The same by a look at every idle pool of the host."""
        rows = self._plane.idle_pools(now, host.row)
        if rows.size == 0:
            return NONE
        idle = IdlePools(self._plane.tables.views.pools, rows, self._figures_on(host.config), rng, now)
        return int(rows[self._policy.choose(idle)])

    def _figures_on(self, config: Config) -> ModelFigures:
        """What a policy may ask of the models, as they are on hosts of this configuration."""
        found = self._figures.get(config.place)
        if found is None:
            found = self._figures[config.place] = ModelFigures(
                names=tuple(model.name for model in config.models),
                size_bytes=np.array(config.memory_bytes, dtype=np.int64),
                load_s=np.array([_load_s(model, self._start, config) for model in config.models]),
            )
        return found

    def delete_artefact(self, host: Host, now: float) -> bool:
        """Delete the artefact that was used longest ago of those without a pool; False when there is none."""
        model = host.disk_victim()
        if model is None:
            return False
        host.delete(model)
        self._plane.forget_disk(now, model, host.row)
        return True


def _load_s(model: Model, start: CpuWait, config: Config) -> float:
    """Mean time of a load from disk on an idle host: the pool's parent starts, then all workers load at once."""
    load, speed = model.load, config.endpoint.host.cpu_speed
    return (start.cpu.mean + load.cpu.mean) / speed + start.wait.mean + load.wait.mean


def _checked(spec: Function) -> Choice:
    """A custom rule, which must return the index of an idle pool."""
    function = user_code.find(spec, 1)

    def choose(pools: IdlePools) -> int:
        try:
            answer = function(pools)
        except Exception as error:
            raise user_code.failed(f"eviction {spec.function}", error) from error
        try:
            index = -1 if isinstance(answer, bool | np.bool_) else operator.index(answer)
        except TypeError:
            index = -1
        if not 0 <= index < len(pools):
            allowed = f"0 to {len(pools) - 1}" if len(pools) > 1 else "0"
            raise UserCodeError(
                f"eviction {spec.function} returned {answer!r}: it must return the index of an idle pool, {allowed}"
            )
        return index

    return choose
