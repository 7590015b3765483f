"""`mmesim trace`: what a trace is like, the same trace in another form, and what is left when its calls are gone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mmesim.workload.trace.whole import WholeTrace

app = typer.Typer(
    help="Describe a trace of calls, convert it, or make a fingerprint of it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

TraceFile = Annotated[Path, typer.Argument(help="The trace.", show_default=False)]
Format = Annotated[
    str,
    typer.Option(help="table, azure-functions-2019, azure-functions-2021, azure-llm-2023 or access-log."),
]
Pattern = Annotated[
    str | None, typer.Option(help="access-log: regular expression with groups time and model.", show_default=False)
]
TimeFormat = Annotated[str | None, typer.Option(help="Of timestamps, as in Python's strptime.", show_default=False)]
More = Annotated[
    list[str] | None,
    typer.Option("--set", help='Any key of a trace, such as columns.time=ts or window.start="10 h".'),
]
Window = Annotated[str | None, typer.Option(help='Part of the trace, such as "10 h..12 h".', show_default=False)]
Rate = Annotated[float | None, typer.Option(help="Times as many calls.", show_default="1")]
Warp = Annotated[float | None, typer.Option(help="Time runs that much faster.", show_default="1")]
Models = Annotated[
    str | None, typer.Option(help="Mapping of names: top=100, hash=50 or stripe=50.", show_default=False)
]
Seed = Annotated[int, typer.Option(min=0, help="Of the random numbers of minute counts and of --rate.")]


@app.command()
def describe(
    file: TraceFile,
    format: Format = "table",
    pattern: Pattern = None,
    time_format: TimeFormat = None,
    window: Window = None,
    rate: Rate = None,
    warp: Warp = None,
    models: Models = None,
    plot: Annotated[
        Path | None, typer.Option(help="PNG or SVG file: rate, ranks and misses.", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    seed: Seed = 1,
    more: More = None,
) -> None:
    """Say what a trace is like: rate, bursts, popularity, and the misses of LRU caches of every size."""
    from mmesim.report.plots.sweep import check_format, write_plot
    from mmesim.report.text.trace import trace_text
    from mmesim.workload.trace.describe import describe as describe_trace

    if plot is not None:
        check_format(plot)
    trace = _trace(
        file, format, {"pattern": pattern, "time_format": time_format}, window, rate, warp, models, seed, more
    )
    found = describe_trace(file, trace.calls(), trace.span_s)
    if plot is not None:
        from mmesim.report.plots.trace import trace_plot

        write_plot(trace_plot(found, file.name), plot)
        typer.echo(f"plot in {plot}", err=True)
    typer.echo(_json(found.as_dict()) if json else trace_text(found, str(file)), nl=False)


@app.command()
def convert(
    file: TraceFile,
    out: Annotated[Path, typer.Argument(help="File ending in .parquet, .csv, .csv.gz or .csv.zst.")],
    format: Format = "table",
    pattern: Pattern = None,
    time_format: TimeFormat = None,
    window: Window = None,
    rate: Rate = None,
    warp: Warp = None,
    models: Models = None,
    seed: Seed = 1,
    more: More = None,
) -> None:
    """Write a trace as a table of time, model and, where the trace has it, service."""
    from mmesim import units
    from mmesim.workload.trace.convert import check_name, write

    check_name(out)
    trace = _trace(
        file, format, {"pattern": pattern, "time_format": time_format}, window, rate, warp, models, seed, more
    )
    count = write(out, trace.calls(), trace.name)
    typer.echo(f"{units.show_count(count)} calls in {out}", err=True)


@app.command()
def fingerprint(
    file: TraceFile,
    out: Annotated[Path, typer.Argument(help="File that is written, such as day.yaml.")],
    format: Format = "table",
    pattern: Pattern = None,
    time_format: TimeFormat = None,
    window: Window = None,
    rate: Rate = None,
    warp: Warp = None,
    models: Models = None,
    seed: Seed = 1,
    more: More = None,
) -> None:
    """Write what a trace is like as a small file without names, from which a scenario makes traffic like it."""
    from mmesim import units
    from mmesim.files import write_text
    from mmesim.workload.trace import fit

    trace = _trace(
        file, format, {"pattern": pattern, "time_format": time_format}, window, rate, warp, models, seed, more
    )
    found = fit.fingerprint(file, trace.calls, trace.span_s)
    write_text(out, fit.text(found))
    calls, names = units.show_count(found.requests), units.show_count(found.models)
    typer.echo(f"{calls} calls of {names} models: {out}, {units.show_bytes(out.stat().st_size)}", err=True)


def _trace(
    file: Path,
    format_: str,
    texts: dict[str, str | None],
    window: str | None,
    rate: float | None,
    warp: float | None,
    models: str | None,
    seed: int,
    more: list[str] | None,
) -> WholeTrace:
    """The trace that the options ask for; UserError for an option that is wrong."""
    from mmesim.scenario.file.trace_options import trace_of_words
    from mmesim.workload.trace.whole import WholeTrace

    words = [f"format={format_}"]
    words += [f"{name}={value}" for name, value in (("rate", rate), ("warp", warp)) if value is not None]
    if models is not None:
        name, equals, count = models.partition("=")
        if not equals:
            raise typer.BadParameter(f"--models takes top=100, hash=50 or stripe=50, not {models!r}")
        words.append(f"models.{name.strip()}={count.strip()}")
    return WholeTrace(trace_of_words(file, [*words, *(more or [])], texts, window), seed)


def _json(figures: dict[str, object]) -> str:
    import json

    return json.dumps(figures, indent=2) + "\n"
