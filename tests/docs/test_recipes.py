"""The recipes of docs/extend.md work: their patches are applied to a copy of the package, and what they add is run."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.files import ROOT

PAGE = (ROOT / "docs" / "extend.md").read_text(encoding="utf-8")
RECIPES: dict[str, str] = dict(re.findall(r"^## (Add [^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
PATCHED = {title: "".join(re.findall(r"```diff\n(.*?)```", text, re.DOTALL)) for title, text in RECIPES.items()}

SCENARIO = """
name: recipe
endpoint: {instance_type: ml.m5.xlarge, instance_count: 2, usable_memory: 1 GiB, eviction: EVICTION, router: ROUTER}
models: {name: m, count: 8, artifact_size: 1 MB, memory: 20 MiB, framework: python, load: {wait: 100 ms},
  service: {wait: 20 ms}}
traffic: {arrivals: ARRIVALS}
run: {duration: 60 s, warmup: 0 s}
"""
PLAIN = {"EVICTION": "lru", "ROUTER": "{policy: sticky}", "ARRIVALS": "{poisson: {rate: 20 /s}}"}


def the(what: str) -> str:
    """The title of the one recipe that adds something."""
    (found,) = (title for title in RECIPES if what in title)
    return found


def hunks(patch: str) -> Iterator[tuple[str, str, str]]:
    """The file, the lines before and the lines after of each hunk of a patch without line numbers."""
    for part in re.split(r"^--- .*\n\+\+\+ b/", patch, flags=re.MULTILINE)[1:]:
        file, *changes = re.split(r"^@@\n", part, flags=re.MULTILINE)
        for lines in (change.splitlines() for change in changes):
            before = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
            yield file.strip(), before, "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))


def carried_out(what: str, folder: Path) -> None:
    """Copy the package into `folder` and apply the patches of a recipe there."""
    shutil.copytree(ROOT / "mmesim", folder / "mmesim")  # with what is compiled of it, which stays true
    for file, before, after in hunks(PATCHED[the(what)]):
        text = (folder / file).read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{file} does not have once what the recipe changes:\n{before}"
        (folder / file).write_text(text.replace(before, after), encoding="utf-8")


def run(folder: Path, **changes: str) -> dict[str, Any]:
    """The summary of a small scenario, run by the copy; in plain Python, as its kernel would have to be compiled."""
    text = SCENARIO
    for name, value in (PLAIN | changes).items():
        text = text.replace(name, value)
    (folder / "recipe.yaml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "mmesim", "run", "recipe.yaml", "--out", "out"]
    environment = os.environ | {"PYTHONPATH": str(folder), "NUMBA_DISABLE_JIT": "1"}
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    summary: dict[str, Any] = json.loads((folder / "out" / "summary.json").read_text(encoding="utf-8"))
    return summary


@pytest.mark.parametrize("title", [title for title, patch in PATCHED.items() if patch])
def test_the_number_of_files_is_true(title: str):
    files = set(re.findall(r"^\+\+\+ b/(\S+)$", PATCHED[title], re.MULTILINE))
    assert title.endswith(f": {len(files)} files")


def test_an_eviction_policy(tmp_path: Path):
    carried_out("eviction policy", tmp_path)
    assert run(tmp_path, EVICTION="mru")["loads"] != run(tmp_path, EVICTION="lru")["loads"]


def test_a_scaling_policy(tmp_path: Path):
    carried_out("scaling policy", tmp_path)
    policy = "{doubling: {metric: CPUUtilization, period: 10 s, threshold: 0}}"
    scaling = f"{{min: 2, max: 8, metric_delay: 0 s, policies: [{policy}]}}"
    summary = run(tmp_path, EVICTION=f"lru, provisioning: 10 s, autoscaling: {scaling}")
    # Four hosts are asked for at 10 s and there at 20 s; eight are asked for at the next look and there at 40 s.
    hosts = (2 * 20 + 4 * 20 + 8 * 20) / 60
    assert abs(summary["cost"]["usd_per_hour"] / (0.23 * hosts) - 1.0) < 1e-9


def test_an_arrival_process(tmp_path: Path):
    carried_out("arrival process", tmp_path)
    summary = run(tmp_path, ARRIVALS="{clusters: {rate: 20 /s, size: 5}}")
    assert summary["requests"]["total"] % 5 == 0
    assert abs(summary["requests"]["total"] - 1200) < 5 * 5 * (1200 / 5) ** 0.5  # five standard deviations
    assert summary["requests"]["in_flight_at_end"] == 0


def test_a_figure(tmp_path: Path):
    carried_out("figure", tmp_path)
    assert run(tmp_path)["attempts_per_call"]["value"] == 1.0


def test_a_router_policy(tmp_path: Path):
    carried_out("router policy", tmp_path)
    summary = run(tmp_path, ROUTER="{policy: shortest_load_queue}")
    assert summary["requests"]["ok"] == summary["requests"]["total"] > 0
