"""The deploys of a scenario, each at its time, one after the other; those from the end of the run on never come."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from mmesim.engine.control.fleet import Fleet
from mmesim.engine.control.journal import Journal
from mmesim.engine.deploys.update import Update
from mmesim.engine.environment import Environment
from mmesim.engine.measure.condition import Conditions
from mmesim.scenario.deploys.deploy import Deploy
from mmesim.scenario.scenario import Scenario


class Deploys:
    """Begins every deploy when it is due; one that finds the endpoint Updating waits until it is in service again."""

    def __init__(
        self, env: Environment, fleet: Fleet, conditions: Conditions, journal: Journal, scenario: Scenario
    ) -> None:
        self._env = env
        self._fleet = fleet
        self._conditions = conditions
        self._journal = journal
        self._scenario = scenario
        for deploy in scenario.deploys:
            if deploy.at_s < scenario.run.duration_s:
                env.process(self._deploy(deploy))

    def _deploy(self, deploy: Deploy) -> Generator[simpy.Event, Any, None]:
        yield self._env.timeout(deploy.at_s)
        turn = self._fleet.updating.request()
        yield turn
        try:
            endpoint = self._scenario.endpoint_of(deploy)
            update = Update(self._env, self._fleet, self._conditions, self._journal, deploy, endpoint)
            yield from update.run(self._scenario.run.duration_s)
        finally:
            self._fleet.updating.release(turn)
