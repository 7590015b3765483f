"""The result of a plan: its document, as a table and as files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from mmesim.errors import UserError
from mmesim.results.answers.planned import Fleet, Planned
from mmesim.results.deploy.deploy import Deployable, deployable
from mmesim.results.folder import folder as folders
from mmesim.results.folder.folder import PLAN
from mmesim.results.folder.provenance import Origin, provenance
from mmesim.results.tables.fleets import fleets_table
from mmesim.scenario.file.dump import dump
from mmesim.scenario.file.template import Template
from mmesim.scenario.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Plot


@dataclass(frozen=True, repr=False)
class PlanResult:
    """What a plan has found of a scenario. `origin` is what was known before it began.

    `autoscaled` is the scenario with the answer and autoscaling, where `plan.autoscaling` or the endpoint has it.
    """

    scenario: Scenario
    document: Planned
    origin: Origin | None = None
    autoscaled: Scenario | None = None

    def __repr__(self) -> str:
        return f"PlanResult({self.scenario.name!r}, {self.document.verdict}, {len(self.document.fleets)} fleets)"

    @property
    def answer(self) -> Fleet | None:
        """The cheapest fleet inside; None when there is none."""
        return None if self.document.answer is None else self.document.fleets[self.document.answer]

    @cached_property
    def answer_scenario(self) -> Scenario | None:
        """The scenario with the answer for its fleet, which other commands can run; None without an answer."""
        return None if self.answer is None else Template.of(self.scenario).at(self.answer.values)

    @property
    def deployable(self) -> Deployable:
        """What deploys the answer; UserError without one."""
        if self.answer_scenario is None:
            raise UserError(f"{self.scenario.name}: there is no answer to deploy")
        scaling = None if self.autoscaled is None else self.autoscaled.endpoint.autoscaling
        return deployable(self.answer_scenario, scaling)

    @cached_property
    def table(self) -> pa.Table:
        """One row a fleet, in order of price (`mmesim.results.tables.fleets`)."""
        return fleets_table(self.document)

    @property
    def fleets(self) -> pd.DataFrame:
        """The table as a DataFrame."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    def plot(self) -> Plot:
        """USD a month against the figure that decides, with the answer marked; UserError when there is none to draw."""
        from mmesim.report.plots.plan import pareto

        return pareto(self.document)

    def to_json(self) -> str:
        """The document as JSON: what plan.json holds."""
        return self.document.model_dump_json(indent=2) + "\n"

    def _repr_html_(self) -> str:
        from mmesim.report.notebook.plan import of_plan

        return of_plan(self.document)

    def save(self, folder: str | Path, plot: folders.Writer | None = None) -> Path:
        """Write the folder of the plan and return its path; an earlier plan there is replaced. Raises OutputError.

        It holds `plan.json`, `fleets.parquet`, `provenance.json`, and of an answer `scenario.yaml` and what deploys it,
        with autoscaling `autoscaled.yaml` and what sets it up. `plot` writes plan.png, too.
        """
        origin = provenance(self.scenario, self.document.used.replications, begun=self.origin)
        files: dict[str, folders.Writer] = {
            PLAN.document: _text(self.to_json()),
            "fleets.parquet": lambda path: pq.write_table(self.table, path),
            "provenance.json": _text(origin.to_json()),
        }
        if self.answer_scenario is not None:
            files["scenario.yaml"] = _text(dump(self.answer_scenario))
            files |= {name: _text(text) for name, text in self.deployable.files.items()}
        if self.autoscaled is not None:
            files["autoscaled.yaml"] = _text(dump(self.autoscaled))
        if plot is not None:
            files["plan.png"] = plot
        return folders.write(Path(folder), files, PLAN)


def _text(text: str) -> folders.Writer:
    return lambda path: path.write_text(text, encoding="utf-8")
