"""What goes from a host to make room: an idle pool by the scenario's rule, or an artefact without a pool."""

from __future__ import annotations

import operator

import numpy as np

from mmesim.engine import user_code
from mmesim.engine.control.host import Host
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.kernel.codes import NONE
from mmesim.errors import UserCodeError
from mmesim.policies.eviction import Choice, IdlePools, ModelFigures, Policy, policy
from mmesim.scenario.models.groups import Model
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.values.function import Function


class Eviction:
    """Chooses what is unloaded, and deletes artefacts, for whoever needs room on a host."""

    def __init__(self, plane: DataPlane, scenario: Scenario) -> None:
        self._plane = plane
        rule = scenario.endpoint.eviction
        models = scenario.model_table()
        self._policy = Policy(_checked(rule)) if isinstance(rule, Function) else policy(rule)
        self._figures = ModelFigures(
            names=tuple(model.name for model in models),
            size_bytes=np.array([model.pool_memory_bytes for model in models], dtype=np.int64),
            load_s=np.array([_load_s(model, scenario) for model in models]),
        )

    def victim(self, host: Host, now: float, rng: np.random.Generator | None = None) -> int:
        """The pool that the policy unloads first, NONE when it may unload none; moves the host's clock.

        `rng` takes the place of the host's own for a policy that draws.
        """
        plane = self._plane
        rows = plane.idle_pools(now, host.row)
        if rows.size == 0:
            return NONE
        idle = IdlePools(plane.tables.views.pools, rows, host.rng if rng is None else rng, self._figures, now)
        index = self._policy.choose(idle)
        pool = int(rows[index])
        if self._policy.clock is not None:
            plane.set_clock(now, host.row, self._policy.clock(idle, index))
        return pool

    def delete_artefact(self, host: Host, now: float) -> bool:
        """Delete the artefact that was used longest ago of those without a pool; False when there is none."""
        model = host.disk_victim()
        if model is None:
            return False
        host.delete(model)
        self._plane.forget_disk(now, model, host.row)
        return True


def _load_s(model: Model, scenario: Scenario) -> float:
    """Mean time of a load from disk on an idle host: the pool's parent starts, then all workers load at once."""
    start, load = scenario.server.process_start, model.load
    return (start.cpu.mean + load.cpu.mean) / scenario.endpoint.host.cpu_speed + start.wait.mean + load.wait.mean


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
