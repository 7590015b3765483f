"""A sweep in its folder, as its page needs it: every point with its figures and verdicts, and the scenario."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from mmesim import __version__
from mmesim.experiment.sweep.result import SweepResult, SweptPoint
from mmesim.files import write_text
from mmesim.results.folder.folder import SCENARIO, SWEEP
from mmesim.results.folder.shown import of_another_version
from mmesim.scenario.file.dump import dump
from mmesim.scenario.file.load import load
from mmesim.scenario.run.expected import RECOVERY


class Swept(BaseModel):
    """sweep.json; the scenario stands beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mmesim: str
    """the version that wrote it"""
    scenario: str
    """name of the scenario"""
    fields: tuple[str, ...]
    """the swept fields"""
    metrics: tuple[str, ...]
    """names of the figures in its table, and `recovery` where it has those from every fault and deploy"""
    asked: int
    """how many points there should be"""
    points: tuple[SweptPoint, ...]


def keep(result: SweepResult, folder: Path, metrics: Sequence[str]) -> None:
    """Write what a page needs besides the tables; raises OutputError."""
    write_text(folder / SCENARIO, dump(result.scenario))
    name, points = result.scenario.name, result.points
    found = Swept(
        mmesim=__version__,
        scenario=name,
        fields=result.fields,
        metrics=(*metrics, *([RECOVERY] if result.shows_recoveries else [])),
        asked=result.asked,
        points=points,
    )
    write_text(folder / SWEEP.document, found.model_dump_json(indent=2) + "\n")


def sweep_of(folder: Path) -> tuple[SweepResult, tuple[str, ...]]:
    """The sweep in a folder, and the figures in its table; UserError for one that another version has written."""
    try:
        found = Swept.model_validate_json((folder / SWEEP.document).read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise of_another_version(folder, error, "sweep again") from error
    result = SweepResult(
        load(folder / SCENARIO),
        found.fields,
        found.points,
        found.asked,
        simulated=0,
        found=0,
        shows_recoveries=RECOVERY in found.metrics,
    )
    return result, tuple(name for name in found.metrics if name != RECOVERY)
