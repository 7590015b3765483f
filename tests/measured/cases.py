"""Real runs of the model server, as kept in `data`: what was run, every request, and what the idle server cost."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

DATA = Path(__file__).parent / "data"
NAMES = tuple(sorted(path.stem for path in DATA.glob("c*.yaml")))
"""All runs."""

TIMES = ("mean", "p50", "p90", "p95", "p99")
FIGURES = (*TIMES, "refused")

ANSWERED, REFUSED = 200, 503

Figures = dict[str, float]
"""Of the requests after the warm-up: mean and percentiles of the answered ones' latency, ms; how many were refused."""


@dataclass(frozen=True)
class CaseModel:
    """One model of a run; `cpu` when its handler computes for the service time asked for, else it waits that long."""

    name: str
    workers: int
    cpu: bool
    batch_size: int
    max_batch_delay_s: float


@dataclass(frozen=True)
class Case:
    """One run. `hold_s` and `side_s` were measured on the idle server before it, with requests of 20 ms."""

    name: str
    title: str
    duration_s: float
    warmup_s: float
    job_queue_size: int
    preload_model: bool
    models: tuple[CaseModel, ...]
    hold_s: float
    """Between two jobs of a worker."""
    side_s: float
    """Before the queue, and again after the job: half of what an idle request costs besides service and `hold_s`."""

    @property
    def requests_file(self) -> Path:
        """Every request, sorted by arrival."""
        return DATA / f"{self.name}.requests.csv.gz"


@cache
def read(name: str) -> Case:
    """The run of that name."""
    written = yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))
    idle = summary(name)["baseline"]["const20ms"]
    hold_s = float(idle["worker_hold_s"])
    server = written["server"]
    return Case(
        name=name,
        title=written["title"],
        duration_s=float(written["duration"]),
        warmup_s=float(written["warmup"]),
        job_queue_size=server.get("job_queue_size", 100),
        preload_model=server.get("preload_model", False),
        models=tuple(_models(written["models"], name)),
        hold_s=hold_s,
        side_s=(float(idle["overhead_s"]["mean"]) - hold_s) / 2,
    )


def _models(written: Any, case: str) -> list[CaseModel]:
    if isinstance(written, dict):  # so many models alike
        names = sorted(requests(case)["model"].unique())
        if len(names) != written["count"]:
            raise ValueError(f"{case}: {written['count']} models, of which the requests name {len(names)}")
        written = [written | {"name": name} for name in names]
    return [
        CaseModel(
            name=entry["name"],
            workers=entry["workers"],
            cpu=entry.get("mode") == "cpu",
            batch_size=entry.get("batch_size", 1),
            max_batch_delay_s=entry.get("max_batch_delay_ms", 100) / 1000,
        )
        for entry in written
    ]


@cache
def summary(name: str) -> dict[str, Any]:
    """The figures that were computed where the run was made."""
    found: dict[str, Any] = json.loads((DATA / f"{name}.summary.json").read_text(encoding="utf-8"))
    return found


@cache
def requests(name: str) -> pd.DataFrame:
    """Every request of a run."""
    return pd.read_csv(DATA / f"{name}.requests.csv.gz")


def measured(name: str) -> pd.DataFrame:
    """The requests that count: those that were due after the warm-up."""
    rows = requests(name)
    return rows[rows["arrival"] >= read(name).warmup_s]


def seen(rows: pd.DataFrame) -> Figures:
    """What the clients of the real server saw of these requests; ValueError unless each was answered or refused."""
    status = rows["status"].to_numpy()
    unknown = sorted(set(status.tolist()) - {ANSWERED, REFUSED})
    if unknown:
        # A client that gave up (0) or never got through (-1) has no latency that a replay could be held against.
        raise ValueError(f"requests that were neither answered nor refused: status {unknown}")
    return figures(rows["latency"].to_numpy()[status == ANSWERED], int((status == REFUSED).sum()))


def figures(latency_s: NDArray[np.float64], refused: int) -> Figures:
    """Mean and percentiles of latencies, seconds, in ms; NumPy's linear interpolation between order statistics."""
    ms = latency_s * 1e3
    percentiles = {name: float(np.percentile(ms, int(name[1:]))) for name in TIMES[1:]}
    return {"mean": float(ms.mean()), **percentiles, "refused": float(refused)}


def repeats(name: str) -> list[Figures]:
    """The figures of all runs of the same requests on the real server, the one kept in full first; empty if once."""
    rows = pd.read_csv(DATA / "repeats.csv")
    rows = rows[rows["case"] == name].rename(columns={f"{time}_ms": time for time in TIMES})
    return [{figure: float(row[figure]) for figure in FIGURES} for _, row in rows.iterrows()]
