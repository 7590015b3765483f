"""`mmesim diff`: compares two scenarios on the same requests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmesim.cli import complete
from mmesim.cli.common import coloured, each, show
from mmesim.cli.options import Cluster, Jobs, Json, NoOwnCode, Silent, Yes
from mmesim.cli.reports import ReportFile, refuse_folders
from mmesim.cli.simulating import allow, executor

if TYPE_CHECKING:
    from mmesim.experiment.diff.diff import Diff

FileA = Annotated[Path, typer.Argument(help="Scenario file (YAML).", show_default=False)]
FileB = Annotated[
    Path | None,
    typer.Argument(help="Scenario file to compare with; default: a, changed by --set.", show_default=False),
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Set a field of b, such as endpoint.instance_count=6; repeatable.",
        show_default=False,
        autocompletion=complete.field,
    ),
]
ChangesOfBoth = Annotated[
    list[str] | None,
    typer.Option(
        "--set-both", help="Set a field of both; repeatable.", show_default=False, autocompletion=complete.field
    ),
]
Pairs = Annotated[
    int | None, typer.Option(min=1, help="Pairs of replications.", show_default="from the file of a, else 10")
]


Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        help="Folder for diff.json and the results of both, from which mmesim report makes a page later.",
        show_default=False,
    ),
]


def diff(
    a: FileA,
    b: FileB = None,
    changes: Changes = None,
    both: ChangesOfBoth = None,
    replications: Pairs = None,
    yes: Yes = False,
    no_own_code: NoOwnCode = False,
    quiet: Silent = False,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    report: ReportFile = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Compare two scenarios on the same requests.

    Shows what changes, with intervals, and the first call whose outcome differs.
    """
    from mmesim.experiment.diff.diff import diff as compare
    from mmesim.experiment.replicate import repeated
    from mmesim.report.content.diff import diff_report
    from mmesim.report.progress import ReplicationsBar
    from mmesim.results.folder.folder import DIFF, prepare
    from mmesim.scenario.file.load import load

    refuse_folders(report=report)
    if out is not None:
        prepare(out, kind=DIFF)
    if b is None and not changes:
        raise typer.BadParameter("nothing differs: give a second file, or --set to change b")
    first = load(a, both or ())
    second = load(b or a, [*(both or ()), *(changes or ())])
    if b is None:
        second = second.model_copy(update={"name": ", ".join(changes or ())})
    count = repeated(first, replications).run.replications
    allow(first, count, yes=yes, no_own_code=no_own_code, quiet=quiet)
    said = quiet or second.own_code == first.own_code
    allow(second, count, yes=yes, no_own_code=no_own_code, quiet=said)
    bar = ReplicationsBar(None if quiet else sys.stderr, first.run.duration_s, 2 * count)
    with executor(jobs, cluster, quiet) as running, bar as progress:
        found = compare(
            first,
            second,
            replications=replications,
            executor=running,
            watch=lambda label: progress.part(0 if label == "a" else count),
        )
    each(lambda: _save(found, report, out), lambda: show(found, lambda: diff_report(found), json, coloured()))


def _save(found: Diff, file: Path | None, folder: Path | None) -> None:
    """Write the page and the folder, where they are wanted."""
    if folder is not None:
        from mmesim.experiment.diff.kept import keep

        keep(found, folder)
    if file is not None:
        from mmesim.files import write_text
        from mmesim.report.page.diff import diff_page

        write_text(file, diff_page(found))
