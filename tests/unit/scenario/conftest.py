from collections.abc import Callable
from pathlib import Path

import pytest

from mmesim.errors import Problem, ScenarioError
from mmesim.scenario import Scenario
from mmesim.scenario.file.load import load

BASE = """\
name: base
endpoint:
  instance_type: ml.m5.xlarge
models:
  - name: tenant
    count: 3
    artifact_size: 40 MB
    memory: 40 MiB
    service: {cpu: 10 ms}
traffic:
  - arrivals: {poisson: {rate: 10 /s}}
run: {duration: 60 s}
"""


@pytest.fixture
def base() -> str:
    return BASE


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file into the test's folder and gives its path."""

    def write(text: str, name: str = "a.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def scenario(write: Callable[..., Path]) -> Callable[..., Scenario]:
    """Loads a scenario text, the base if none is given, with overrides."""

    def scenario(text: str = BASE, *overrides: str) -> Scenario:
        return load(write(text), overrides)

    return scenario


@pytest.fixture
def problems(write: Callable[..., Path]) -> Callable[..., tuple[Problem, ...]]:
    """The problems of a scenario text."""

    def problems(text: str, *overrides: str) -> tuple[Problem, ...]:
        with pytest.raises(ScenarioError) as error:
            load(write(text), overrides)
        return error.value.problems

    return problems


@pytest.fixture
def config(write: Callable[..., Path], base: str) -> Callable[..., str]:
    """A scenario text whose `server.config` is a file with the given text."""

    def config(text: str, *server: str) -> str:
        write(text, "config.properties")
        return base + "".join(f"{line}\n" for line in ("server:", "  config: config.properties", *server))

    return config
