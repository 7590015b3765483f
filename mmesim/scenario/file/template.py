"""A scenario whose values are still open: what experiments vary, by the names that `--set` uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from mmesim.errors import SimulationError
from mmesim.scenario.file.beliefs import SECTION, with_middles
from mmesim.scenario.file.dump import dump, source
from mmesim.scenario.file.load import resolve
from mmesim.scenario.file.merge import file_of, override_all, read_with_bases, without_lines
from mmesim.scenario.file.tree import Located
from mmesim.scenario.file.yaml import read_text, write_flow
from mmesim.scenario.run.belief import Belief
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.values.fields import Place

Values = Mapping[str, object]
"""Dotted path, as in `--set` -> value as a file would have it: text with a unit, number, map or list."""


class Template:
    """What a scenario file says, before defaults that depend on other values are worked out."""

    def __init__(self, tree: Located) -> None:
        self._tree = tree

    @classmethod
    def read(cls, path: str | Path, overrides: Sequence[str] = ()) -> Self:
        """The template of a file, its bases and overrides such as `endpoint.instance_count=6`; raises ScenarioError."""
        return cls(override_all(read_with_bases(file_of(path)), overrides))

    @staticmethod
    def given(scenario: Scenario | Template | str | Path) -> Template:
        """The template of a scenario, of the file of one, or one itself; raises ScenarioError."""
        if isinstance(scenario, Template):
            return scenario
        return Template.of(scenario) if isinstance(scenario, Scenario) else Template.read(scenario)

    @classmethod
    def of(cls, scenario: Scenario) -> Self:
        """The template of a scenario, with what was given for it: defaults follow the values put over it.

        A host that no file could give (one built in Python) is kept whole; then its figures cannot be changed singly.
        """
        for text in (source(scenario), dump(scenario)):
            template = cls(without_lines(read_text(text, scenario.name, Path.cwd())))
            if template.at() == scenario:
                return template
        raise SimulationError(f"scenario {scenario.name!r} cannot be written down and read back")

    def over(self, overrides: Sequence[str]) -> Template:
        """The template with overrides such as `endpoint.instance_count=6` put over it; raises ScenarioError."""
        return Template(override_all(self._tree, overrides))

    @property
    def beliefs(self) -> Mapping[str, Belief]:
        """The beliefs by field as in `--set`, sorted; raises ScenarioError when the template is not a scenario."""
        return {belief.field: belief for belief in self.at().beliefs}

    def with_middles(self) -> Template:
        """The template with the middle value of each belief in its place, as a single run has it."""
        given, _, _ = with_middles(self._tree)
        left = {key: item for key, item in given.map.items() if key != SECTION}
        return Template(given.with_value(left))

    def where(self, place: Place) -> tuple[str, int | None] | None:
        """File and line of what stands at a place; None where nothing does."""
        way, found = self._tree.find(place)
        return (found.file, found.shown_line) if way == place else None

    def at(self, values: Values | None = None) -> Scenario:
        """The scenario with these values put over it; raises ScenarioError for a wrong path or value."""
        return resolve(override_all(self._tree, [setting(path, value) for path, value in (values or {}).items()]))


def setting(path: str, value: object) -> str:
    """A value as an override: `endpoint.instance_count=6`. Text stands as it is, as on a command line."""
    return f"{path}={value if isinstance(value, str) else write_flow(value)}"
