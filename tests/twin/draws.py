"""What engine and twin share: all that is drawn at random."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmesim.engine.kernel.hashing import PRIME, ROUTE, mixed
from mmesim.engine.kernel.jit import plain
from mmesim.engine.simulation import Simulation
from mmesim.scenario import Scenario
from mmesim.scenario.models.groups import Model
from mmesim.scenario.values.times import always
from mmesim.workload.requests import blocks
from tests.twin.calls import Call

MOST_HOSTS = 40
"""Hosts that a run may ever have: the order of hosts, of which each model has one, is drawn for so many."""


class Draws:
    """The random numbers of one run."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        many = scenario.endpoint.model_copy(update={"instance_count": MOST_HOSTS, "autoscaling": None})
        alone = scenario.model_copy(update={"endpoint": many, "faults": (), "deploys": ()})
        self._plane = Simulation(alone).plane
        self._orders: dict[int, Sequence[int]] = {}

    def calls(self) -> Iterator[Call]:
        """The calls that clients send, with what each asks for, those after the end of the run, too."""
        models, overhead = self.scenario.model_table(), self.scenario.server.overhead
        constant = [(always(part.cpu) or 0.0, always(part.wait) or 0.0) for part in (overhead.pre, overhead.hold)]
        for block in blocks(self.scenario, 0, beyond=True):
            for k in range(len(block)):
                own = None if block.overhead is None else [float(x) for x in block.overhead[k]]
                pre, hold = constant if own is None else ((own[0], own[1]), (own[2], own[3]))
                device = 0.0 if block.device is None else float(block.device[k])
                yield Call(
                    sent=float(block.time[k]),
                    model=models[block.model[k]],
                    cpu=float(block.cpu[k]),
                    wait=float(block.wait[k]),
                    device=device,
                    key=int(block.key[k]),
                    chance=float(block.route[k]),
                    pre=pre,
                    hold=hold,
                )

    def order(self, model: Model) -> Sequence[int]:
        """All hosts, the first choice for the model first."""
        if model.index not in self._orders:
            self._orders[model.index] = list(self._plane.hosts_in_order(model.index))
        return self._orders[model.index]

    def moves_at(self, model: Model) -> float:
        """The share of the models, from 0 to 1, from which on this one is among those that a deploy has moved."""
        return float(plain(mixed)(int(self._plane.tables.views.models.key[model.index])) / PRIME)

    def chance(self, call: Call) -> float:
        """What decides between the two sides of a deploy for the next attempt of a call."""
        if call.attempts == 0:
            return call.chance
        mix, seed = plain(mixed), int(self._plane.tables.views.params[0].chance_seed)
        of_call = mix((mix((call.key % PRIME + seed) % PRIME) + call.key // PRIME) % PRIME)
        return float(mix((of_call + 64 * call.attempts + ROUTE) % PRIME) / PRIME)
