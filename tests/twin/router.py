"""The router: which host a call goes to."""

from __future__ import annotations

from itertools import count

from mmesim.scenario import RouterPolicy, Scenario
from mmesim.scenario.models.groups import Model
from tests.twin.calls import Attempt
from tests.twin.draws import Draws
from tests.twin.fleet import Fleet
from tests.twin.host import Host


class Router:
    """What the router knows of hosts and copies."""

    def __init__(self, scenario: Scenario, fleet: Fleet, draws: Draws) -> None:
        self.scenario, self.fleet, self._draws = scenario, fleet, draws
        self._left: dict[int, Host] = {}
        self._placed: dict[tuple[int, int], int] = {}  # in which order copies were placed
        self._placements = count()
        self._turn = 0
        self._hopeless: set[int] = set()  # models of which a load failed, until something is unloaded

    @property
    def hosts(self) -> list[Host]:
        """Those that the router sends to, in order of their numbers."""
        return self.fleet.up

    def in_order(self, model: Model, hosts: list[Host]) -> list[Host]:
        """These hosts, the first choice for the model first."""
        up = {host.number: host for host in hosts}
        return [up[number] for number in self._draws.order(model) if number in up]

    def side_of(self, attempt: Attempt) -> list[Host]:
        """While a deploy shifts calls, or models with all their calls, the hosts of the side of this one."""
        by_calls = self.scenario.endpoint.router.split_by == "calls"
        place = attempt.chance if by_calls else self._draws.moves_at(attempt.call.model)
        second = place < self.fleet.share
        return [host for host in self.hosts if host.side == second] or self.hosts

    def route(self, model: Model, hosts: list[Host]) -> Host:
        """The host, of these, for a call of the model."""
        policy = self.scenario.endpoint.router.policy
        if policy is RouterPolicy.hash:
            return self.in_order(model, hosts)[0]
        if policy is RouterPolicy.round_robin:
            self._turn += 1
            return hosts[(self._turn - 1) % len(hosts)]
        if policy is RouterPolicy.least_outstanding:
            return min(hosts, key=lambda host: host.outstanding)
        return self._sticky(model, hosts)

    def _sticky(self, model: Model, hosts: list[Host]) -> Host:
        having = [host for host in hosts if model.index in host.copies and host.copies[model.index].is_used]
        ready = [host for host in having if host.copies[model.index].state == "ready"]
        if ready:
            best = min(ready, key=lambda h: (h.copies[model.index].in_flight, self._placed[h.number, model.index]))
            without = [host for host in hosts if host not in having]
            spill_at = self.scenario.endpoint.router.spill_at or max(4, 2 * model.workers)
            busy = best.copies[model.index].in_flight >= spill_at
            if busy and without and not self._is_loading(model) and model.index not in self._hopeless:
                return self._place(model, without)
            return best
        return having[0] if having else self._place(model, hosts)

    def _is_loading(self, model: Model) -> bool:
        """Whether a copy is being loaded anywhere, were it on a host that is drained."""
        copies = (host.copies.get(model.index) for host in self.fleet.all if host.alive)
        return any(copy is not None and copy.state == "loading" for copy in copies)

    def _place(self, model: Model, hosts: list[Host]) -> Host:
        in_order = self.in_order(model, hosts)
        last = self._left.get(model.index)
        if last in in_order:
            in_order.remove(last)
            in_order.insert(0, last)
        shortest = min(host.loads.queue for host in in_order)
        return next(host for host in in_order if host.loads.queue <= shortest + 1)

    def placed(self, host: Host, model: Model) -> None:
        """A copy of the model begins to be there."""
        self._placed[host.number, model.index] = next(self._placements)

    def unloaded(self, host: Host, model: Model) -> None:
        """A model has left the memory of a host."""
        self._left[model.index] = host
        self._hopeless.clear()

    def deleted(self, host: Host, model: int) -> None:
        """The artefact of a model has left the disk of a host."""
        if self._left.get(model) is host:
            del self._left[model]

    def aborted(self, model: Model) -> None:
        """A load of the model was broken off, which freed room."""
        self._hopeless.clear()
        self.load_failed(model)

    def load_failed(self, model: Model) -> None:
        """No copy came of a load of the model."""
        self._hopeless.add(model.index)

    def changed(self, came: bool) -> None:
        """A host came or went."""
        if came:
            self._hopeless.clear()
        if self.scenario.endpoint.router.at_scale == "rehash":
            self._left.clear()
            for host in self.hosts:
                side = [other for other in self.hosts if other.side == host.side]
                for copy in host.copies.values():
                    copy.is_used &= self.in_order(copy.model, side)[0] is host
