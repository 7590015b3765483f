"""Reads a scenario file: YAML, `extends`, overrides, then one report of everything that is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from mmesim.errors import Contradiction, Problem, ScenarioError
from mmesim.scenario.file.beliefs import SECTION, with_middles
from mmesim.scenario.file.checks import contradictions
from mmesim.scenario.file.deployed import deployed
from mmesim.scenario.file.from_json import unit_may_follow
from mmesim.scenario.file.merge import file_of, named, override_all, read_with_bases, with_bases
from mmesim.scenario.file.paths import nearest_to, settled
from mmesim.scenario.file.problems import from_validation, locate
from mmesim.scenario.file.server.config import is_read, with_config
from mmesim.scenario.file.server.models import with_models_said
from mmesim.scenario.file.spellings import corrected, misspelled
from mmesim.scenario.file.tree import Located
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.values.fields import FROM_FILE, Place, Refused

PATHS: tuple[tuple[str, ...], ...] = (
    ("models", "*", "file"),
    ("models", "*", "azure_functions", "invocations"),
    ("models", "*", "azure_functions", "memory"),
    ("models", "*", "azure_functions", "durations"),
    ("traffic", "*", "trace", "file"),
    ("traffic", "*", "fingerprint"),
)
"""Values that are paths, relative to the file that they are written in (to the working folder in an override)."""


def load(path: str | Path, overrides: Sequence[str] = ()) -> Scenario:
    """The scenario of a file with overrides such as `models.tenant.memory=60 MiB` put over it.

    Raises ScenarioError with every problem of the file.
    """
    twice: list[Problem] = []
    try:
        scenario = resolve(override_all(read_with_bases(file_of(path), twice), overrides))
    except ScenarioError as error:
        raise ScenarioError(_in_order([*twice, *error.problems])) from None
    if twice:
        raise ScenarioError(twice)
    return scenario


def as_scenario(scenario: Scenario | str | Path) -> Scenario:
    """A scenario, or that of a file; raises ScenarioError."""
    return scenario if isinstance(scenario, Scenario) else load(scenario)


def from_plain(data: Mapping[str, object], overrides: Sequence[str] = ()) -> Scenario:
    """The scenario of maps, lists and values as a file has them; paths are relative to the working folder.

    Raises ScenarioError with every problem.
    """
    return resolve(override_all(with_bases(Located.of(data, "scenario", Path.cwd())), overrides))


def resolve(tree: Located) -> Scenario:
    """The scenario of a tree that stands for a whole file. Raises ScenarioError with every problem."""
    whole = named(tree)
    tree, beliefs, believed_wrongly = with_middles(whole)
    tree = _with_section(tree, beliefs)
    tree, problems = _absolute_paths(_with_folders(tree))
    just_read = is_read(tree)
    tree, wrong = with_config(tree, os.environ)
    problems += wrong
    refused = [*believed_wrongly, *misspelled(tree)]
    problems += [locate(one.below(*place), tree) for place, one in refused]
    already = [place for place, _ in refused]
    tree = corrected(tree) if refused else tree
    try:
        scenario = Scenario.model_validate(tree.plain(), by_alias=True, by_name=False, context={FROM_FILE: True})
    except ValidationError as error:
        problems += from_validation(error, tree, already, Scenario)
        raise ScenarioError(_in_order(problems)) from None
    if not problems:
        clashes = [locate(one, tree) for one in contradictions(scenario)]
        if clashes:
            raise Contradiction(_in_order(clashes))
    if not problems:
        problems += _other_values(whole, scenario)
    if not problems:
        scenario, wrongly = deployed(whole, scenario, resolve)
        problems += [locate(one, tree) for one in wrongly]
    if problems:
        raise ScenarioError(_in_order(problems))
    return with_models_said(scenario) if just_read else scenario


def _with_section(tree: Located, beliefs: Mapping[str, Located]) -> Located:
    """The tree with beliefs in the section of a resolved file, beside those that are there already."""
    if not beliefs:
        return tree
    section = tree.map.get(SECTION, tree.with_value({}))
    return tree.with_value(tree.map | {SECTION: section.with_value({**section.map, **beliefs})})


def _other_values(tree: Located, scenario: Scenario) -> list[Problem]:
    """A problem for each belief of a resolved file whose field is not there, or has another value than the middle."""
    if SECTION not in tree.map:
        return []
    bare = tree.with_value({key: value for key, value in tree.map.items() if key != SECTION})
    found = list[Problem]()
    for belief in scenario.beliefs:
        if belief.field not in tree.map[SECTION].map:
            continue
        try:
            middle = resolve(override_all(bare, [f"{belief.field}={belief.middle}"]))
        except ScenarioError as error:
            message, hint = error.problems[0].message, error.problems[0].hint
            found.append(locate(Refused(message, (SECTION, belief.field), hint), tree))
            continue
        beliefs = tuple(one for one in scenario.beliefs if one.field not in tree.map[SECTION].map)
        if middle != scenario.model_copy(update={"beliefs": beliefs}):
            message = f"differs from the middle of its belief, {belief.middle}"
            found.append(locate(Refused(message, (SECTION, belief.field), "remove the belief"), tree))
    return found


def _in_order(problems: Sequence[Problem]) -> list[Problem]:
    """Problems by file, then line; each once."""
    once = {str(problem): unit_may_follow(problem) for problem in problems}
    return sorted(once.values(), key=lambda problem: (problem.file, problem.line or 0))


def _absolute_paths(tree: Located) -> tuple[Located, list[Problem]]:
    """The tree with absolute paths, and a problem for each file that does not exist."""
    missing: list[Refused] = []

    def rewritten(value: Located, patterns: Sequence[tuple[str, ...]], place: Place) -> Located:
        if not patterns:
            return value
        if () in patterns:
            return _absolute(value, place, missing)
        if isinstance(value.value, dict):
            return value.with_value(
                {key: rewritten(item, _below(patterns, key), (*place, str(key))) for key, item in value.map.items()}
            )
        if isinstance(value.value, list):
            return value.with_value(
                [rewritten(item, _below(patterns, "*"), (*place, index)) for index, item in enumerate(value.list)]
            )
        return value

    return rewritten(tree, PATHS, ()), [locate(one, tree) for one in missing]


def _with_folders(tree: Located) -> Located:
    """The tree with each `module:function` beside the folder of the file that names it."""
    endpoint, processes = tree.map.get("endpoint"), tree.map.get("processes")
    changed = dict(tree.map)
    if endpoint is not None and "eviction" in endpoint.map:
        rule = _with_folder(endpoint.map["eviction"])
        endpoint = endpoint.with_value({**endpoint.map, "eviction": rule})
    if endpoint is not None and "autoscaling" in endpoint.map:
        scaling = _scaling_with_folders(endpoint.map["autoscaling"])
        endpoint = endpoint.with_value({**endpoint.map, "autoscaling": scaling})
    if endpoint is not None:
        changed["endpoint"] = endpoint
    if processes is not None and isinstance(processes.value, list):
        changed["processes"] = processes.with_value([_with_folder(item) for item in processes.list])
    return tree.with_value(changed) if isinstance(tree.value, dict) else tree


def _scaling_with_folders(scaling: Located) -> Located:
    """Scaling policies that are functions stand in a list, or there is one."""
    changed = dict(scaling.map)
    if "policy" in changed:
        changed["policy"] = _with_folder(changed["policy"])
    if "policies" in changed and isinstance(changed["policies"].value, list):
        changed["policies"] = changed["policies"].with_value([_with_folder(one) for one in changed["policies"].list])
    return scaling.with_value(changed) if isinstance(scaling.value, dict) else scaling


def _with_folder(name: Located) -> Located:
    if not isinstance(name.value, str) or ":" not in name.value:
        return name
    return name.with_value({"function": name, "folder": name.with_value(str(name.folder.resolve()))})


def _below(patterns: Sequence[tuple[str, ...]], step: object) -> list[tuple[str, ...]]:
    return [pattern[1:] for pattern in patterns if pattern[0] == step]


def _absolute(value: Located, place: Place, missing: list[Refused]) -> Located:
    if not isinstance(value.value, str):
        return value
    path, reason = settled(value.folder, value.value)
    if reason is not None:
        missing.append(Refused(reason, place, nearest_to(path), value.value))
        return value
    return value.with_value(str(path))
