"""Reads `server.environment`: the variables of the container, each with its place in the scenario."""

from __future__ import annotations

from mmesim.errors import Problem
from mmesim.scenario.file.tree import Located
from mmesim.scenario.server.container import key_instead, refused
from mmesim.scenario.values.fields import shown


def container_variables(
    variables: Located | None, link: Located | None, has_file: bool, kind: str | None
) -> tuple[dict[str, str] | None, list[Problem]]:
    """The variables of `server.environment` as text, and what is wrong with them; None if there are none.

    `kind` is the server that the scenario names.
    """
    if variables is None or variables.value is None:
        return None, []
    if not isinstance(variables.value, dict):
        message = f"{shown(variables.value)} is not a map of variables"
        return None, [of_variable(variables, None, message, "environment: {SAGEMAKER_MODEL_SERVER_WORKERS: 4}")]
    if link is not None and isinstance(link.value, dict):
        message = "variables were read before, and are keys of `server` by now: change these instead"
        return None, [of_variable(variables, None, message, "server: {default_workers_per_model: 4}")]
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for name, entry in variables.map.items():
        value = entry.value
        if not isinstance(value, str | int) or not isinstance(name, str):
            problems.append(of_variable(variables, str(name), f"{shown(entry.plain())} is not the text of a variable"))
        else:
            found[name] = str(value).lower() if isinstance(value, bool) else str(value)
    if kind not in (None, "mms"):
        message = f"is read for the containers of MMS, and server.kind is {kind}: give the values as keys of the server"
        keys = [key for key in map(key_instead, found) if key is not None]
        problems.append(of_variable(variables, None, message, f"write {keys[0]}" if keys else None))
        return found, problems
    for name, why in refused(found, has_file):
        problems.append(of_variable(variables, name, why.message, why.hint))
    return found, problems


def of_variable(variables: Located, name: str | None, message: str, hint: str | None = None) -> Problem:
    """A problem of a variable, or of all of them, where the scenario gives it."""
    entry = variables if name is None else variables.map.get(name, variables)
    field = "server.environment" if name is None else f"server.environment.{name}"
    return Problem(entry.file, entry.shown_line, field, entry.plain(), message, hint)
