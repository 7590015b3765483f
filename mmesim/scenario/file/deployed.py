"""The configurations that the deploys of a scenario bring: the same file with their changes put over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mmesim.errors import ScenarioError
from mmesim.scenario.deploys.changed import TYPE
from mmesim.scenario.deploys.deploy import Deploy
from mmesim.scenario.endpoint.overridden import kept_by_another_type
from mmesim.scenario.file.merge import override_all
from mmesim.scenario.file.tree import Located
from mmesim.scenario.file.yaml import write_flow
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.values.fields import Refused

ASKED = ("beliefs", "deploys", "expect", "plan", "split", "sweep")
"""Sections that say nothing about what a configuration is."""


def deployed(
    whole: Located, scenario: Scenario, resolve: Callable[[Located], Scenario]
) -> tuple[Scenario, list[Refused]]:
    """The scenario with the endpoint that each deploy brings, and what is wrong with them.

    `whole` is the tree of the scenario, `resolve` what makes a scenario of a tree.
    """
    if all(deploy.endpoint is not None for deploy in scenario.deploys):
        return scenario, []
    bare = whole.with_value({key: value for key, value in whole.map.items() if key not in ASKED})
    deploys, wrong = list[Deploy](), list[Refused]()
    for index, deploy in enumerate(scenario.deploys):
        place = ("deploys", index, "to")
        try:
            after = resolve(override_all(bare, [f"{path}={_written(value)}" for path, value in deploy.to.items()]))
        except ScenarioError as error:
            for problem in error.problems:
                below = (problem.field,) if problem.field in deploy.to else ()
                wrong.append(Refused(problem.message, (*place, *below), problem.hint))
            continue
        wrong += [one.below(*place) for one in _clashes(deploy, scenario, after)]
        deploys.append(deploy.model_copy(update={"endpoint": after.endpoint}))
    if wrong:
        return scenario, wrong
    return scenario.model_copy(update={"deploys": tuple(deploys)}), []


def _written(value: object) -> str:
    return value if isinstance(value, str) else write_flow(value)


def _clashes(deploy: Deploy, before: Scenario, after: Scenario) -> Iterator[Refused]:
    """What SageMaker refuses, and figures of the scenario's own instance type that another one would get."""
    if before.endpoint.autoscaling is not None and after.endpoint.instance_type != before.endpoint.instance_type:
        message = "SageMaker refuses an update that changes the instance type of a variant with autoscaling"
        yield Refused(message, (TYPE,), "take autoscaling out of the scenario, as it must be deregistered before")
    had, has = (0 if one.endpoint.host.devices is None else one.endpoint.host.devices.count for one in (before, after))
    if before.uses_devices and has > had:
        message = f"brings hosts with {has} devices in place of {had}: a deploy cannot give hosts more devices"
        yield Refused(message, (TYPE,), "simulate a scenario of the new hosts alone")
    kept = [key for key in kept_by_another_type(before.endpoint, after.endpoint) if f"endpoint.{key}" not in deploy.to]
    if kept:
        message = f"gives {after.endpoint.instance_type} the scenario's {', '.join(kept)}, figures of its own type"
        yield Refused(message, (), f"say what is meant: to: {{endpoint.{kept[0]}: ...}}, or remove endpoint.{kept[0]}")
