"""Scenarios from the text of a file that is nowhere on disk."""

from collections.abc import Sequence
from pathlib import Path

from mmesim.scenario import Scenario
from mmesim.scenario.file.load import resolve
from mmesim.scenario.file.merge import named, override_all
from mmesim.scenario.file.yaml import read_text


def load_text(text: str, name: str = "<text>", overrides: Sequence[str] = ()) -> Scenario:
    """The scenario of a YAML text; relative paths start in the working folder."""
    return resolve(override_all(named(read_text(text, name, Path.cwd())), overrides))
