"""Every rule that looks at a scenario before it is run, one row each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from mmesim.preflight import advice, call_time, devices, late, load, load_time, own_code, room, scaling, workers
from mmesim.preflight.deploys import deploys
from mmesim.preflight.finding import Finding
from mmesim.preflight.offered import Offered
from mmesim.preflight.overlapping import overlapping
from mmesim.preflight.working_set import working_set
from mmesim.scenario.expectations import always, repetitions, without_calls
from mmesim.scenario.run.belief import sentence_of
from mmesim.scenario.scenario import Scenario

RULES: tuple[Callable[[Offered], Iterator[Finding]], ...] = (
    room.never_fits,
    load_time.load_time,
    call_time.call_time,
    load.cpu,
    devices.device_time,
    workers.workers,
    load.calls,
    working_set,
    room.memory_at_start,
    deploys,
    devices.device_memory,
    room.fleet_tasks,
    load.threads,
    scaling.targets,
    advice.accelerator,
    devices.undocumented,
    advice.frameworks,
    advice.price,
    room.fleet_memory,
    room.fleet_disk,
    room.fleet_models,
    overlapping,
    late.late,
    own_code.missing,
)
SEVERITIES = ("problem", "warning", "note")


def findings(scenario: Scenario) -> list[Finding]:
    """What follows from the scenario alone, the worst first; then what is believed, and what a configuration did."""
    return findings_of(Offered(scenario))


def findings_of(offered: Offered) -> list[Finding]:
    """The same, where the calls to be expected are known already."""
    scenario = offered.scenario
    found = [finding for rule in RULES for finding in rule(offered)]
    found += [*_expectations(scenario), *_beliefs(scenario), *_config(scenario)]
    return worst_first(found)


def worst_first(found: Iterable[Finding]) -> list[Finding]:
    """Problems before warnings before notes, otherwise as they are."""
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def _expectations(scenario: Scenario) -> Iterator[Finding]:
    """Lines of `expect` that decide nothing."""
    idle = {index: why for index, e in enumerate(scenario.expect) if (why := always(e)) is not None}
    repeated = {one.second: one for one in repetitions(scenario)}
    silent = {e.text: e.calls.group for e in without_calls(scenario)}
    for index, e in enumerate(scenario.expect):
        if e.text in silent:
            text = f"`{e.text}` decides nothing: no traffic calls {silent[e.text]}"
        elif index in idle:
            text = f"`{e.text}` holds whatever happens: {idle[index]}"
        elif index in repeated:
            stronger = scenario.expect[repeated[index].first]
            does = f"holds wherever `{stronger.text}` does: {repeated[index].why}"
            text = f"`{e.text}` {'is there twice' if e.text == stronger.text else does}"
        else:
            continue
        yield Finding(
            id="expect", severity="note", text=text, evidence={}, source="docs/reference/scenario.md#expect", try_=None
        )


def _beliefs(scenario: Scenario) -> Iterator[Finding]:
    """What is believed, all of it in one note; its evidence is by field, as `FIELD.low`."""
    evidence: dict[str, float | str] = {}
    for belief in scenario.beliefs:
        low, high = belief.ends
        found = {"low": low, "high": high, "used": belief.middle, "unit": belief.unit}
        evidence |= {f"{belief.field}.{name}": value for name, value in found.items()}
    if evidence:
        text = sentence_of(scenario.beliefs)
        yield Finding(id="belief", severity="note", text=text, evidence=evidence, source="scenario", try_=None)


def _config(scenario: Scenario) -> Iterator[Finding]:
    config = scenario.server.config
    for text in () if config is None else config.notes:
        yield Finding(
            id="config",
            severity="note",
            text=text,
            evidence={},
            source="docs/how-to/use-your-config-properties.md",
            try_=None,
        )
