"""What engine and twin share: all that is drawn at random."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from mmesim.engine.kernel.hashing import BACKOFF, PRIME, ROUTE, load_key, mixed
from mmesim.engine.kernel.jit import plain
from mmesim.engine.simulation import Simulation
from mmesim.scenario import Scenario
from mmesim.scenario.faults.fault import Fault
from mmesim.scenario.models.groups import Model
from mmesim.scenario.values.times import always
from mmesim.workload.block import Block
from mmesim.workload.draws.generators import KeyedGenerators
from mmesim.workload.requests import blocks
from mmesim.workload.users import Drafts, Users
from tests.twin.calls import Attempt, Call

MOST_HOSTS = 40
"""Hosts that a run may ever have: the order of hosts, of which each model has one, is drawn for so many."""


class Draws:
    """The random numbers of one run."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        many = scenario.endpoint.model_copy(update={"instance_count": MOST_HOSTS, "autoscaling": None})
        alone = scenario.model_copy(update={"endpoint": many, "faults": (), "deploys": ()})
        self._plane = Simulation(alone).plane
        self._models = scenario.model_table()
        self._orders: dict[int, Sequence[int]] = {}
        self._faults = KeyedGenerators(scenario.run.seed, 0, "fault")
        self._outages: dict[str, KeyedGenerators] = {}

    def users(self) -> Iterator[tuple[tuple[tuple[float, float], ...], Iterator[tuple[float, float, Call]]]]:
        """The users of closed loops: when each may begin calls, and a pause, a least time and what each is for."""
        users = Users(self.scenario, 0)
        for number, user in enumerate(users.all):
            yield user.stays, self._of_user(users, number)

    def _of_user(self, users: Users, number: int) -> Iterator[tuple[float, float, Call]]:
        for block in count():
            drafts = users.drafts(number, block)
            for k in range(len(drafts.key)):
                yield float(drafts.gap[k]), float(drafts.pace[k]), self._call(0.0, drafts, k)

    def calls(self) -> Iterator[Call]:
        """The calls that clients send, with what each asks for, those after the end of the run, too."""
        for block in blocks(self.scenario, 0, beyond=True):
            for k in range(len(block)):
                yield self._call(float(block.time[k]), block, k)

    def _call(self, sent: float, block: Block | Drafts, k: int) -> Call:
        overhead = self.scenario.server.overhead
        constant = [(always(part.cpu) or 0.0, always(part.wait) or 0.0) for part in (overhead.pre, overhead.hold)]
        own = None if block.overhead is None else [float(x) for x in block.overhead[k]]
        pre, hold = constant if own is None else ((own[0], own[1]), (own[2], own[3]))
        return Call(
            sent=sent,
            model=self._models[block.model[k]],
            cpu=float(block.cpu[k]),
            wait=float(block.wait[k]),
            device=0.0 if block.device is None else float(block.device[k]),
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

    def attempt(self, call: Call, now: float) -> Attempt:
        """The next attempt of a call."""
        load = int(plain(load_key)(call.key, call.attempts + 1))
        return Attempt(call, now, self._chance(call), load)

    def tries(self, fault: Fault, model: Model, load: int) -> list[tuple[float, float]]:
        """For each request of a download two numbers: for its failure, and for the pause after it."""
        assert fault.failing_s3 is not None
        if fault.name not in self._outages:
            self._outages[fault.name] = KeyedGenerators(self.scenario.run.seed, 0, f"fault/{fault.name}")
        drawn = self._outages[fault.name].at(model.name, load).random(2 * fault.failing_s3.tries).tolist()
        return list(zip(drawn[::2], drawn[1::2], strict=True))

    def any_of(self, hosts: int, fault: Fault) -> int:
        """The place of the host that a fault hits, of so many that may be hit."""
        drawn = self._faults.at(fault.name, 0)
        drawn.standard_exponential()  # for a fault that comes at random moments
        return int(float(drawn.random()) * hosts)

    def pause(self, call: Call) -> float:
        """What decides how long the client pauses after the last attempt of a call."""
        return self._hash(call, BACKOFF)

    def _chance(self, call: Call) -> float:
        """What decides between the two sides of a deploy for the next attempt of a call."""
        if call.attempts == 0:
            return call.chance
        return self._hash(call, ROUTE)

    def _hash(self, call: Call, purpose: int) -> float:
        mix, seed = plain(mixed), int(self._plane.tables.views.params[0].chance_seed)
        of_call = mix((mix((call.key % PRIME + seed) % PRIME) + call.key // PRIME) % PRIME)
        return float(mix((of_call + 64 * call.attempts + purpose) % PRIME) / PRIME)
