"""`mmesim init`: writes a commented scenario to start from."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from mmesim.cli.common import is_stdout
from mmesim.cli.schema import beside, in_folder, write
from mmesim.errors import OutputError
from mmesim.files import write_new


def starter() -> str:
    """The text of the commented scenario, with the names of all policies."""
    from importlib.resources import files

    from mmesim.scenario.endpoint.eviction import EvictionPolicy
    from mmesim.scenario.endpoint.router import RouterPolicy

    text = files("mmesim.cli").joinpath("starter.yaml").read_text(encoding="utf-8")
    return text.replace("<eviction>", ", ".join(EvictionPolicy)).replace("<router>", ", ".join(RouterPolicy))


def init(
    file: Annotated[Path, typer.Argument(help="File to write; never overwritten.")] = Path("scenario.yaml"),
    log: Annotated[
        Path | None,
        typer.Option("--from", help="Log whose traffic the scenario replays; see mmesim trace.", show_default=False),
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option("--format", help="With --from: format of the log.", show_default="by its first lines"),
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(help="With --from: regular expression, as in mmesim trace.", show_default=False),
    ] = None,
    time_format: Annotated[
        str | None,
        typer.Option(help="With --from: format of timestamps, as in mmesim trace.", show_default=False),
    ] = None,
    more: Annotated[
        list[str] | None,
        typer.Option("--set", help="With --from: set any key of the trace, such as model=a; repeatable."),
    ] = None,
) -> None:
    """Write a commented scenario file to start from, and its schema.

    Editors with YAML support complete and check the file by the schema beside it, scenario.schema.json. With --from the
    scenario replays a log, NAME-models.csv beside NAME.yaml lists the models, and what no log can tell is marked as
    uncertain.
    """
    if is_stdout(file):
        raise typer.BadParameter("init writes a file with others beside it: give it a name, such as scenario.yaml")
    described = beside(file)
    in_folder(file)
    if log is not None:
        _from_log(file, log, layout, {"pattern": pattern, "time_format": time_format}, more or [])
    elif layout or pattern or time_format or more:
        raise typer.BadParameter("--format, --pattern, --time-format and --set are about a log: --from LOG")
    else:
        _write_new(file, starter())
    write(described)
    typer.echo(f"{file}: written. Next: mmesim validate {file}, mmesim run {file}, mmesim plan {file} --middle")


def _from_log(file: Path, log: Path, layout: str | None, texts: Mapping[str, str | None], more: list[str]) -> None:
    from mmesim.cli.common import folder_name
    from mmesim.cli.log_format import recognised
    from mmesim.errors import TraceWarning
    from mmesim.report.phrases import plural
    from mmesim.scenario.file.trace_files import trace_lines, trace_of_words
    from mmesim.workload.trace.describe.describe import describe
    from mmesim.workload.trace.describe.durations import durations
    from mmesim.workload.trace.describe.first_scenario import first_scenario
    from mmesim.workload.trace.describe.models_table import models_table
    from mmesim.workload.trace.describe.one_name import tell_of_one_name
    from mmesim.workload.trace.whole import WholeTrace

    table = file.with_name(f"{file.stem}-models.csv")
    for target in (file, table):
        if target.exists():
            raise OutputError(_taken(target))
    read = recognised(log, layout, texts, more)
    words = [*read.settings, *more]
    if read.unclear is not None:
        typer.echo(
            f"{log}: the unit of {read.unclear!r} is not known, so it is not read; if it is milliseconds, and a line "
            f"is written when the answer has gone: --set stamped=end --set columns.duration={read.unclear} "
            "--set duration_scale=1e-3",
            err=True,
        )
    source = trace_of_words(log, words, texts, None)
    trace = WholeTrace(source, 1)
    found = describe(log, trace.calls(), trace.span_s, lambda: trace.grid)
    tell_of_one_name(source, found, trace.names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TraceWarning)  # told already
        models, count = models_table(trace.calls(), trace.names)
    # Relative paths of a scenario count from its own folder.
    near = os.path.relpath(log.resolve(), file.resolve().parent)
    path = near if near.count("..") <= 1 else str(log.resolve())
    lines = trace_lines(path, words, texts, None, 6)
    name = folder_name(log.name.split(".")[0])
    _write_new(table, models)
    _write_new(file, first_scenario(found, durations(source, read.took), name, lines, table.name))
    typer.echo(f"{table}: {plural(count, 'model')}", err=True)


def _write_new(file: Path, text: str) -> None:
    try:
        write_new(file, text)
    except FileExistsError:
        raise OutputError(_taken(file)) from None


def _taken(file: Path) -> str:
    return (
        f"{file}: already exists and is not overwritten: give the scenario another name, mmesim init NAME.yaml; "
        "the table of a log's models is then NAME-models.csv"
    )
