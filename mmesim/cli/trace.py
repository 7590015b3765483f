"""`mmesim trace`: what a trace is like, the same trace in another form, and a fingerprint without its calls."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_type_hints

import typer

from mmesim.cli.common import is_stdout
from mmesim.cli.options import A_PICTURE, Json

if TYPE_CHECKING:
    from mmesim.workload.trace.whole import WholeTrace

app = typer.Typer(
    help="Describe, convert or fingerprint a trace of calls.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The options that say which trace is read, and how: those of every command here."""

    file: Annotated[Path, typer.Argument(help="Trace file.", show_default=False)]
    format: Annotated[
        str | None,
        typer.Option(
            help="table, json-lines, access-log, or a layout by name, such as nginx-combined, mms, alb, k6-csv or "
            "jmeter; a wrong name lists them all.",
            show_default="as the beginning of the file shows, else table",
        ),
    ] = None
    pattern: Annotated[
        str | None,
        typer.Option(
            help="Regular expression with groups time and model; in a layout, with model alone.", show_default=False
        ),
    ] = None
    time_format: Annotated[
        str | None, typer.Option(help="Format of timestamps, as in Python's strptime.", show_default=False)
    ] = None
    window: Annotated[str | None, typer.Option(help='Part of the trace, such as "10 h..12 h".', show_default=False)] = (
        None
    )
    rate: Annotated[
        float | None, typer.Option(help="Multiply the number of calls by this factor.", show_default="1")
    ] = None
    warp: Annotated[float | None, typer.Option(help="Speed time up by this factor.", show_default="1")] = None
    models: Annotated[
        str | None, typer.Option(help="Mapping of names: top=100, hash=50 or stripe=50.", show_default=False)
    ] = None
    seed: Annotated[int, typer.Option(min=0, help="Seed for the times within a minute and for --rate.")] = 1
    more: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help='Set any key of a trace, such as columns.time=ts or window.start="10 h"; repeatable.',
            show_default=False,
        ),
    ] = None

    def trace(self) -> WholeTrace:
        """The trace that the options ask for; UserError for an option that is wrong."""
        from mmesim.cli.log_format import recognised
        from mmesim.scenario.file.trace_files import trace_of_words
        from mmesim.workload.trace.whole import WholeTrace

        more = self.more or []
        texts = {"pattern": self.pattern, "time_format": self.time_format}
        words = list(recognised(self.file, self.format, texts, more).settings)
        words += [f"{name}={value}" for name, value in (("rate", self.rate), ("warp", self.warp)) if value is not None]
        if self.models is not None:
            name, equals, count = self.models.partition("=")
            if not equals:
                raise typer.BadParameter(f"--models takes top=100, hash=50 or stripe=50, not {self.models!r}")
            words.append(f"models.{name.strip()}={count.strip()}")
        return WholeTrace(trace_of_words(self.file, [*words, *more], texts, self.window), self.seed)


def _command(function: Callable[..., None]) -> Callable[..., None]:
    """Registers a command whose first parameter stands for the options of `Asked`; the others are its own options."""
    hints = get_type_hints(Asked, include_extras=True)
    keyword, required = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.empty
    shared = [
        inspect.Parameter(
            one.name, keyword, annotation=hints[one.name], default=required if one.name == "file" else one.default
        )
        for one in fields(Asked)
    ]
    _, *own = inspect.signature(function, eval_str=True).parameters.values()

    def command(**given: object) -> None:
        asked = {one.name: given.pop(one.name) for one in shared}
        function(Asked(**asked), **given)  # type: ignore[arg-type]  # typer gives each option its type

    parameters = [*shared, *(one.replace(kind=keyword) for one in own)]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    command.__doc__ = function.__doc__
    app.command(function.__name__)(command)
    return function


@_command
def describe(
    asked: Asked,
    plot: Annotated[
        Path | None,
        typer.Option(help=f"{A_PICTURE} to draw: rate, calls by rank, cache misses.", show_default=False),
    ] = None,
    json: Json = False,
) -> None:
    """Describe a trace.

    Shows its rate, bursts and popularity, and the misses of LRU caches of every size.
    """
    from mmesim.report.content.trace import trace_report
    from mmesim.report.plots.picture import check_format, write_plot
    from mmesim.report.text import text
    from mmesim.workload.trace.describe.describe import describe as describe_trace
    from mmesim.workload.trace.describe.one_name import tell_of_one_name

    if plot is not None:
        check_format(plot)
    trace = asked.trace()
    found = describe_trace(asked.file, trace.calls(), trace.span_s, lambda: trace.grid)
    tell_of_one_name(trace.source, found, trace.names)
    if plot is not None:
        from mmesim.report.plots.trace import trace_plot

        write_plot(trace_plot(found, asked.file.name), plot)
        typer.echo(f"plot in {plot}", err=True)
    typer.echo(_json(found.as_dict()) if json else text(trace_report(found, str(asked.file))), nl=False)


@_command
def convert(
    asked: Asked,
    out: Annotated[Path, typer.Argument(help="File to write, ending in .parquet, .csv, .csv.gz or .csv.zst.")],
) -> None:
    """Write a trace as a table.

    The columns are time, model and, if the trace has it, service time.
    """
    from mmesim.report.phrases import plural
    from mmesim.workload.trace.convert import check_name, write

    check_name(out)
    trace = asked.trace()
    count = write(out, trace.calls(), trace.name)
    typer.echo(f"{plural(count, 'call')} in {out}", err=True)


@_command
def fingerprint(
    asked: Asked, out: Annotated[Path, typer.Argument(help="File to write, such as day.yaml; - prints.")]
) -> None:
    """Write a small file that describes a trace without names.

    A scenario can generate similar traffic from it.
    """
    from mmesim import units
    from mmesim.files import write_text
    from mmesim.report.phrases import plural
    from mmesim.workload.trace.describe import fit

    trace = asked.trace()
    found = fit.fingerprint(asked.file, trace.calls, trace.span_s)
    if is_stdout(out):
        typer.echo(fit.text(found), nl=False)
        return
    write_text(out, fit.text(found))
    calls, models = plural(found.requests, "call"), plural(found.models, "model")
    typer.echo(f"{calls} of {models}: {out}, {units.show_bytes(out.stat().st_size)}", err=True)


@_command
def models(
    asked: Asked,
    out: Annotated[Path, typer.Option(help="Table to write, such as models.csv; never overwritten; - prints.")] = Path(
        "models.csv"
    ),
) -> None:
    """Write a table of the models of a trace, to be filled in.

    A scenario reads it with models: {file: models.csv}.
    """
    from mmesim.errors import OutputError, TraceError
    from mmesim.files import write_text
    from mmesim.report.phrases import plural
    from mmesim.workload.trace.describe.models_table import models_table

    if not is_stdout(out) and out.exists():
        raise OutputError(f"{out}: already exists and is not overwritten: give another name, --out NAME.csv")
    trace = asked.trace()
    text, count = models_table(trace.calls(), trace.names)
    if not count:
        raise TraceError(f"{asked.file}: no request in the selected part")
    if is_stdout(out):
        typer.echo(text, nl=False)
        return
    write_text(out, text)
    typer.echo(f"{plural(count, 'model')} in {out}", err=True)


def _json(figures: dict[str, object]) -> str:
    import json

    return json.dumps(figures, indent=2) + "\n"
