"""Options and arguments that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmesim.cli import complete

ScenarioFile = Annotated[Path, typer.Argument(help="Scenario file (YAML).", show_default=False)]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Set a field, such as endpoint.instance_count=6, or from a file: KEY=@FILE.json:PATH; repeatable.",
        show_default=False,
        autocompletion=complete.field,
    ),
]
Seed = Annotated[int | None, typer.Option(min=0, help="Seed, instead of the scenario's.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of the report.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, and only the verdict.")]
Silent = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, max=256, help="Replications to run in parallel.")]
Cluster = Annotated[
    str | None,
    typer.Option(help="Dask scheduler whose workers run the replications: tcp://scheduler:8786.", show_default=False),
]
NoOwnCode = Annotated[
    bool,
    typer.Option(
        "--no-own-code",
        envvar="MMESIM_NO_OWN_CODE",
        show_envvar=True,
        help="Refuse a scenario that names Python code to run.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Allow a run of more than 1,000,000,000 calls, or of hours.")]
Store = Annotated[
    Path | None,
    typer.Option(help="File that keeps finished simulations, which are not run again.", show_default="none is kept"),
]
WithRobustness = Annotated[
    bool, typer.Option("--robustness", help="Also vary what AWS does not publish, as `mmesim robustness` does.")
]
StoreWithDefault = Annotated[Path, typer.Option(help="File that keeps what was simulated, which is not run again.")]
A_PICTURE = "PNG, SVG or PDF file"
Picture = Annotated[Path | None, typer.Option(help=f"{A_PICTURE} to draw.", show_default=False)]


def with_seed(overrides: list[str] | None, seed: int | None) -> list[str]:
    """The overrides, the seed last if it was given."""
    return [*(overrides or ()), *([] if seed is None else [f"run.seed={seed}"])]
