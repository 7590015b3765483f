"""`mmesim metrics`: a run in CloudWatch's words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmesim.cli.common import is_stdout, tell
from mmesim.report.metrics.formats import Format


def metrics(
    folder: Annotated[Path, typer.Argument(help="Folder of a result.", show_default=False)],
    start: Annotated[
        str,
        typer.Option(help="When the simulation begins on the calendar: 2026-11-27T04:00Z.", show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder to write to; - prints one --format.", show_default="<folder>-metrics"),
    ] = None,
    formats: Annotated[
        list[Format] | None, typer.Option("--format", help="What to write; repeatable.", show_default="all")
    ] = None,
    namespace: Annotated[str, typer.Option(help="Namespace of CloudWatch; AWS/ is reserved.")] = "mmesim",
    endpoint: Annotated[
        str | None,
        typer.Option(help="EndpointName, such as that of the endpoint to compare with.", show_default="the scenario's"),
    ] = None,
    variant: Annotated[str, typer.Option(help="VariantName.")] = "AllTraffic",
    region: Annotated[
        str | None,
        typer.Option(
            help="AWS region whose metrics the dashboard shows: that of the endpoint to compare with.",
            show_default="the scenario's",
        ),
    ] = None,
    replication: Annotated[int, typer.Option(min=0, help="Which replication, from 0.")] = 0,
) -> None:
    """Write a run as metrics of CloudWatch.

    Requests of put-metric-data, a dashboard that shows the endpoint beside its simulation, CSV, and OpenMetrics for
    Prometheus and Grafana: with CloudWatch's names, units, dimensions and statistics, minute by minute.
    """
    wanted = list(dict.fromkeys(formats or Format))
    if out is not None and is_stdout(out) and (len(wanted) > 1 or wanted == [Format.put_metric_data]):
        raise typer.BadParameter("--out - prints one document: choose it with --format csv, openmetrics or dashboard")
    from datetime import UTC, datetime

    from mmesim.report.metrics.files import Export

    export = Export.of(
        folder,
        start,
        namespace=namespace,
        endpoint=endpoint,
        variant=variant,
        region=region,
        replication=replication,
    )
    if out is not None and is_stdout(out):
        for line in export.lines(wanted[0]):
            typer.echo(line, nl=False)
        return
    named = folder if folder.name not in ("", "..") else folder.resolve()
    target = out or named.with_name(f"{named.name}-metrics")  # inside the folder it would bar the next run from it
    now = datetime.now(UTC)
    names = export.write(target, wanted, now)
    shown = names if len(names) <= 5 else [*names[:2], "...", *names[-3:]]
    typer.echo(f"written to {target}: {', '.join(shown)}", err=True)
    if Format.put_metric_data in wanted and export.dates.is_slow(now):
        tell("note: CloudWatch may take two days to show data that are older than a day")
