"""What CI systems call: exit codes as a plain shell sees them, the hooks of pre-commit, and this project's own gate."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mmesim.experiment.gate.files import scenario_files
from mmesim.scenario.file.load import load
from tests.helpers.files import ROOT

SCENARIO = """
name: shell
endpoint: {instance_type: ml.m5.xlarge, instance_count: 1, warm: true}
models: [{name: a, framework: xgboost, artifact_size: 20 MB, memory: 25 MiB, service: {wait: 20 ms}}]
traffic: [{arrivals: {poisson: {rate: 10 /s}}}]
run: {duration: 40 s, warmup: 5 s, seed: 1}
"""


def in_a_shell(folder: Path, script: str) -> str:
    """What a plain shell prints, mmesim being a command of it."""
    command = f'mmesim() {{ {shlex.quote(sys.executable)} -m mmesim "$@"; }}\n{script}'
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    return ran.stdout


# Tests in this process see 0 and 2.
@pytest.mark.parametrize(("expect", "code"), [("p99 < 10 ms", 1), ("p98 < 1 s", 64)])
def test_a_shell_sees_the_verdict(tmp_path: Path, expect: str, code: int):
    (tmp_path / "a.yaml").write_text(f"{SCENARIO}expect: [{expect}]\n", encoding="utf-8")
    said = in_a_shell(tmp_path, "mmesim gate a.yaml --quiet; echo $?").splitlines()
    assert said[-1] == str(code)


def test_the_hooks_of_pre_commit_are_commands():
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert [hook["id"] for hook in hooks] == ["mmesim-validate", "mmesim-gate"]
    for hook in hooks:
        assert {"id", "name", "entry", "language", "files"} <= set(hook)
        program, command = hook["entry"].split()
        assert (program, hook["id"]) == ("mmesim", f"mmesim-{command}")
        assert re.search(hook["files"], "scenarios/a.yaml")
        assert not re.search(hook["files"], "docs/a.yaml")


def test_validate_takes_the_files_that_pre_commit_gives(tmp_path: Path):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(SCENARIO, encoding="utf-8")
    assert in_a_shell(tmp_path, "mmesim validate a.yaml b.yaml >/dev/null; echo $?") == "0\n"


def test_the_projects_own_ci_gates_its_scenarios():
    assert " gate " in re.findall(r"for target in (.*);", (ROOT / ".ci/run").read_text(encoding="utf-8"))[0]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (folder,) = re.findall(r"^gate: .*\n\t\$\(BIN\)/mmesim gate (\S+)", makefile, re.MULTILINE)
    files = scenario_files([ROOT / folder])
    assert len(files) == 5
    for file in files:
        assert len(load(file).expect) >= 3
