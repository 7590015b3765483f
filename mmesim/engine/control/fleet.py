"""The hosts of the endpoint: each new one gets its row in the tables, its accounts and its random numbers."""

from __future__ import annotations

from mmesim.engine.control.host import Host
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.environment import Environment
from mmesim.engine.setup import placement_key
from mmesim.scenario.scenario import Scenario
from mmesim.workload.draws.generators import generator


class Fleet:
    """Every host that ever was there, in order of its row."""

    def __init__(self, env: Environment, plane: DataPlane, scenario: Scenario, replication: int) -> None:
        self._env = env
        self._plane = plane
        self._scenario = scenario
        self._replication = replication
        self.hosts: list[Host] = []
        for _ in range(scenario.endpoint.instance_count):
            self.add()

    @property
    def alive(self) -> list[Host]:
        """The hosts that are there now, drained ones too."""
        return [host for host in self.hosts if host.gone_s is None]

    def remove(self, host: Host) -> None:
        """A host goes, now and for good, with the models on it; nothing may be in flight or loading there."""
        hosts, now = self._plane.tables.views.hosts, self._env.now
        busy = int(hosts.in_flight[host.row]), int(hosts.load_queue[host.row])
        if any(busy):
            raise ValueError(f"host {host.row} is busy (in flight: {busy[0]}, loads: {busy[1]}): drain it first")
        self._plane.drain_host(now, host.row)
        host.gone_s = now

    def add(self) -> Host:
        """A new host, up from now, without any model."""
        scenario, number, now = self._scenario, len(self.hosts), self._env.now
        row = int(self._plane.add_host(now, placement_key(scenario, self._replication, "host", number)))
        if scenario.endpoint.model_cache == "disabled":
            self._plane.want(now, row, 1)
        rng = generator(scenario.run.seed, self._replication, "eviction", number)
        host = Host(self._env, row, scenario.endpoint, scenario.server_kind, rng)
        self.hosts.append(host)
        return host
