"""The recipes of docs/extend.md work: their patches are applied to a copy of the package, and what they add is run."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
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


def patched(*titles: str) -> dict[str, str]:
    """The files that recipes change, as they are afterwards."""
    texts: dict[str, str] = {}
    for file, before, after in (hunk for title in titles for hunk in hunks(PATCHED[title])):
        text = texts.get(file) or (ROOT / file).read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{file} does not have once what the recipe changes:\n{before}"
        texts[file] = text.replace(before, after)
    return texts


def carried_out(folder: Path, *recipes: str) -> None:
    """Copy the package into `folder` and apply the patches of recipes there."""
    shutil.copytree(ROOT / "mmesim", folder / "mmesim")  # with what is compiled of it, which stays true
    for file, text in patched(*map(the, recipes)).items():
        (folder / file).write_text(text, encoding="utf-8")


def printed(folder: Path, *words: str) -> str:
    """What a command of the copy prints; in plain Python, as its kernel would have to be compiled."""
    environment = os.environ | {"PYTHONPATH": str(folder), "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-m", "mmesim", *words]
    return subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def run(folder: Path, more: str = "", **changes: str) -> dict[str, Any]:
    """The summary of a small scenario, with changes and more sections, run by the copy."""
    text = SCENARIO + more
    for name, value in (PLAIN | changes).items():
        text = text.replace(name, value)
    (folder / "recipe.yaml").write_text(text, encoding="utf-8")
    printed(folder, "run", "recipe.yaml", "--out", "out")
    summary: dict[str, Any] = json.loads((folder / "out" / "summary.json").read_text(encoding="utf-8"))
    return summary


def test_the_map_names_every_room():
    rows = dict(re.findall(r"^\| `(\w+)/` \| (.*) \|$", PAGE, re.MULTILINE))
    packages = [file.parent.relative_to(ROOT / "mmesim").parts for file in (ROOT / "mmesim").rglob("*/__init__.py")]
    assert [parts for parts in packages if parts and parts[0] not in rows] == []
    assert [parts for parts in packages if len(parts) > 1 and f"`{parts[-1]}`" not in rows[parts[0]]] == []


@pytest.mark.parametrize("title", [title for title, patch in PATCHED.items() if patch])
def test_the_patches_fit_and_the_number_of_files_is_true(title: str):
    assert title.endswith(f": {len(patched(title))} files")


@pytest.mark.slow
def test_an_eviction_policy(tmp_path: Path):
    carried_out(tmp_path, "eviction policy")
    assert run(tmp_path, EVICTION="mru")["loads"] != run(tmp_path, EVICTION="lru")["loads"]


def test_a_scaling_policy(tmp_path: Path):
    carried_out(tmp_path, "scaling policy")
    policy = "{doubling: {metric: CPUUtilization, period: 10 s, threshold: 0}}"
    scaling = f"{{min: 2, max: 8, metric_delay: 0 s, policies: [{policy}]}}"
    summary = run(tmp_path, EVICTION=f"lru, provisioning: 10 s, autoscaling: {scaling}")
    # Four hosts are asked for at 10 s and there at 20 s; eight are asked for at the next look and there at 40 s.
    hosts = (2 * 20 + 4 * 20 + 8 * 20) / 60
    assert abs(summary["cost"]["usd_per_hour"] / (0.23 * hosts) - 1.0) < 1e-9


def test_an_arrival_process(tmp_path: Path):
    carried_out(tmp_path, "arrival process")
    summary = run(tmp_path, ARRIVALS="{clusters: {rate: 20 /s, size: 5}}")
    assert summary["requests"]["total"] % 5 == 0
    assert abs(summary["requests"]["total"] - 1200) < 5 * 5 * (1200 / 5) ** 0.5  # five standard deviations
    assert summary["requests"]["in_flight_at_end"] == 0


def test_a_figure(tmp_path: Path):
    carried_out(tmp_path, "figure")
    assert run(tmp_path)["attempts_per_call"]["value"] == 1.0


def test_a_router_policy(tmp_path: Path):
    carried_out(tmp_path, "router policy")
    summary = run(tmp_path, ROUTER="{policy: shortest_load_queue}")
    assert summary["requests"]["ok"] == summary["requests"]["total"] > 0


@pytest.mark.slow
def test_what_happens_to_the_fleet_and_how_it_is_shown(tmp_path: Path):
    carried_out(tmp_path, "fault", "deploy strategy", "section to the page", "metric")
    run(
        tmp_path,
        """
faults: [{unload: {models: [m]}, at: 20 s}]
deploys: [{name: update, at: 30 s, strategy: {growing: {first: 20 %, wait: 4 s}}}]
""",
        EVICTION="lru, provisioning: 2 s",
    )
    happened = pq.read_table(tmp_path / "out" / "happened.parquet").to_pylist()
    assert [(row["at_s"], row["name"]) for row in happened if row["kind"] == "fault"] == [(20.0, "unload")]
    assert [row["share"] for row in happened if row["kind"] == "shifted"] == [0.2, 0.4, 0.8, 1.0]
    printed(tmp_path, "report", "out", "--out", "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "How often calls are tried" in page
    assert "Attempts over time" in page
    table = printed(tmp_path, "metrics", "out", "--start", "2026-11-27T04:00Z", "--format", "csv", "--out", "-")
    metrics = {row["MetricName"] for row in csv.DictReader(table.splitlines())}
    assert "TimedOut" in metrics
