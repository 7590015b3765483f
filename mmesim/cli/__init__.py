"""The command `mmesim`: one thin module for each command, imported here; heavy imports are inside the commands.

Exit codes: 0 done; 1 what is asked for fails, 2 it is undecided (of commands that answer a question, such as `gate` and
`plan`; of `run` and `robustness` with --check); 64 the input or the command line is at fault; 70 mmesim is at fault;
130 interrupted. They do not depend on whether anybody reads what is printed.
"""

from __future__ import annotations

import errno
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import cache, reduce
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, NoReturn, TextIO

import typer
from typer.exceptions import TyperException

from mmesim import __version__
from mmesim.cli import (
    capacity,
    compile,
    diff,
    explain,
    gate,
    init,
    metrics,
    plan,
    plot,
    report,
    robustness,
    run,
    schema,
    split,
    sweep,
    trace,
    uncertain,
    validate,
)
from mmesim.cli.common import INTERRUPTED
from mmesim.cli.reports import misused_report
from mmesim.cli.signals import dealt_with, hearing_signals
from mmesim.cli.streams import safe_streams
from mmesim.errors import MmesimError, OutputError, TraceWarning, UserError
from mmesim.results.folder.command_line import called_as

__all__ = ["app", "main"]

USAGE = 64
INTERNAL = 70
DEBUG = "MMESIM_DEBUG"

app = typer.Typer(
    name="mmesim",
    help="Simulate Amazon SageMaker multi-model endpoints: how many instances, what latency, at what cost.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: half the start-up time
)
app.command("run")(run.run)
app.command("plan")(plan.plan)
app.command("diff")(diff.diff)
app.command("sweep")(sweep.sweep)
app.command("uncertain")(uncertain.uncertain)
app.command("robustness")(robustness.robustness)
app.command("split")(split.split)
app.command("gate")(gate.gate)
app.command("capacity")(capacity.capacity)
app.command("explain")(explain.explain)
app.command("report")(report.report)
app.command("plot", help=plot.HELP)(plot.plot)
app.command("metrics")(metrics.metrics)
app.command("validate")(validate.validate)
app.add_typer(trace.app, name="trace")
app.command("init")(init.init)
app.command("schema")(schema.schema)
app.command("compile")(compile.compile)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mmesim {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", envvar=DEBUG, help="Print the traceback of an error.")] = False,
) -> None:
    """Options of every command; their values are used by their callback and by `main`."""


@cache
def _commands() -> Callable[..., Any]:
    """The commands, which typer would make anew from their signatures each time that `app` is called."""
    return typer.main.get_command(app)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and exits; every error becomes one message on stderr and an exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words[:1] or os.environ.get(DEBUG, "") not in ("", "0")
    with safe_streams():
        try:
            with hearing_signals() as heard:
                code = _run(words, debug, heard)
            sys.stdout.flush()
        except KeyboardInterrupt:  # outside what typer looks after
            code = INTERRUPTED
        except OutputError as error:
            typer.echo(str(error), err=True)
            code = error.exit_code
        if code == INTERRUPTED:
            typer.echo("interrupted", err=True)
            dealt_with()
    sys.exit(code)


def _run(words: list[str], debug: bool, interrupted: Callable[[], bool]) -> int:
    """The exit code of one command."""
    try:
        with called_as(words), warnings.catch_warnings():
            # What a trace lacks is said as everything else is; in another process Python says it in its own way.
            warnings.simplefilter("default", TraceWarning)
            warnings.showwarning = _warned
            result = _commands()(args=words, prog_name="mmesim", standalone_mode=False)
    except TyperException as error:  # the command line itself
        typer.echo(_usage(error, words), err=True)
        return USAGE
    except (typer.Abort, SystemExit) as error:
        # typer's answers to an EOFError and to a pipe that broke, which came from no prompt and not from stdout.
        found = error.__cause__ or error.__context__
        if debug or not isinstance(found, Exception):
            raise
        if interrupted():
            return INTERRUPTED
        typer.echo(_message(found), err=True)
        return INTERNAL
    except Exception as error:
        if debug:
            raise
        if interrupted() and not isinstance(error, UserError):
            return INTERRUPTED
        if (said := _refused(error)) is not None:
            typer.echo(said, err=True)
            return USAGE
        typer.echo(_message(error), err=True)
        return error.exit_code if isinstance(error, MmesimError) else INTERNAL
    return result if isinstance(result, int) else 0


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Shows a warning; one of mmesim's own is a note for the user."""
    if category.__module__.startswith("mmesim."):
        typer.echo(f"note: {message}", err=True)
    else:
        typer.echo(warnings.formatwarning(message, category, filename, lineno, line), err=True, nl=False)


PYDANTICS = (
    ("Value error, ", ""),
    ("Input should be greater than or equal to", "must be at least"),
    ("Input should be less than or equal to", "must be at most"),
    ("Input should be greater than", "must be more than"),
    ("Input should be a valid integer, unable to parse string as an integer", "must be a whole number"),
    ("Input should be a valid number, unable to parse string as a number", "must be a number"),
)
"""The words of pydantic, by which typer reads an option, and ours."""


def _usage(error: TyperException, words: Sequence[str]) -> str:
    """What is wrong with a command line: how it is written, then the mistake with the word that was given."""
    context = getattr(error, "ctx", None)
    head = [] if context is None else [context.get_usage(), f"Try '{context.command_path} -h' for help."]
    said = reduce(lambda text, words: text.replace(*words), PYDANTICS, error.format_message())
    if said.startswith("Usage:"):  # no command was given: it is the help
        return said
    names = getattr(getattr(error, "param", None), "opts", ())
    given = [after for word, after in pairwise(words) if word in names]
    if given and f"'{given[-1]}'" not in said:
        said += f", not {given[-1]!r}"
    said += misused_report(words, said)
    if words and Path(words[0]).suffix in (".yaml", ".yml"):
        said += f" Did you mean 'mmesim run {words[0]}'?"
    return "\n".join([*head, f"Error: {said}"])


REFUSALS = (
    *(errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EPERM, errno.EROFS),
    *(errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE),
)
"""What a system answers about paths that it cannot use. A missing file is not among them: each command says that."""


def _refused(error: Exception) -> str | None:
    """What the system has against a path that no command knew how to doubt; None for every other error."""
    if not isinstance(error, OSError) or error.errno not in REFUSALS or error.filename is None:
        return None
    from mmesim.scenario.values.fields import shown

    return f"cannot use {shown(os.fsdecode(error.filename))}: {error.strerror}"


def _message(error: Exception) -> str:
    """What the user reads: the error itself if the input is at fault, else how to report it."""
    if isinstance(error, UserError):
        return str(error)
    kind = "" if isinstance(error, MmesimError) else f"{type(error).__name__}: "
    return f"internal error: {kind}{error}\nThis is a bug in mmesim. For the traceback: mmesim --debug ... or {DEBUG}=1"
