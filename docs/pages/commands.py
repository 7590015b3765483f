"""The pages on commands, exit codes and presets."""

from __future__ import annotations

from typer.testing import CliRunner

from docs.pages.markdown import block, code, page, table
from mmesim import cli, units
from mmesim.cli import common, trace
from mmesim.errors import SimulationError, UserError
from mmesim.scenario.server.frameworks import PRESETS
from mmesim.scenario.values.times import Constant, Time


def cli_page() -> str:
    """The reference of the command line: what `--help` prints."""
    commands = [info.name for info in cli.app.registered_commands if info.name]
    return page(
        "Command line",
        "The result goes to stdout, everything else (progress, speed, errors) to stderr. `python -m mmesim` is the "
        "same command. `MMESIM_DEBUG=1` shows tracebacks, `NO_COLOR=1` turns colours off. "
        "[Exit codes](exit-codes.md).",
        _help(),
        *(_help(name) for name in commands),
        _help("trace"),
        *(_help("trace", info.name) for info in trace.app.registered_commands if info.name),
    )


def _help(*words: str) -> str:
    name = " ".join(("mmesim", *words))
    result = CliRunner().invoke(cli.app, [*words, "--help"], prog_name="mmesim", env={"COLUMNS": "80"})
    if result.exit_code != 0:
        raise RuntimeError(f"{name} --help ended with {result.exit_code}: {result.output}")
    return f"## {name}\n\n{block(result.stdout.strip())}"


def exit_codes_page() -> str:
    """The reference of exit codes."""
    verdicts = {verdict: exit_code for verdict, exit_code in common.EXIT_CODES.items() if exit_code}
    rows = [
        ("0", "done; with `--check`: every expectation passed"),
        (
            str(verdicts["fail"]),
            "`run --check`, `robustness --check`: an expectation failed; `gate`: a line fails; `plan`: no fleet is "
            "inside; `capacity`: what the scenario has does not fit; `split`: no split that was tried saves",
        ),
        (
            str(verdicts["undecided"]),
            "the same: none failed, but the simulations leave one open; `plan`, `split`: the answer is open",
        ),
        (
            str(UserError.exit_code),
            "the input or the command line is at fault, or the result cannot be written (it is printed first, and "
            "written wherever that is possible); the message says what to change",
        ),
        (str(SimulationError.exit_code), "mmesim is at fault: a bug, or a failed self-check"),
        (
            str(common.INTERRUPTED),
            "interrupted: Ctrl-C, SIGTERM, a terminal that was closed, or a process of `--jobs` that was killed, "
            "such as when memory ran out; finished replications are printed and written, marked `interrupted`; "
            "`plan` gives its best answer so far",
        ),
    ]
    return page(
        "Exit codes",
        table(("Code", "Meaning"), rows),
        "Without `--check` a failing expectation is shown and does not change the exit code.",
        "The exit code does not depend on who reads the output: when the reader has gone (`mmesim run ... | head`), or "
        "stdout was closed (`>&-`), the command goes on, writes its folder, and ends with the code of its verdict.",
    )


def presets_page() -> str:
    """The reference of framework presets."""
    rows = [
        (
            code(framework.value),
            "must be given" if preset.process_memory_bytes is None else units.show_bytes(preset.process_memory_bytes),
            "must be given" if preset.load is None else f"{_time(preset.load.cpu)} + {_time(preset.load.wait)}",
            str(preset.framework_threads),
            f"{preset.oversubscription:g}",
            preset.source,
        )
        for framework, preset in PRESETS.items()
    ]
    return page(
        "Framework presets",
        "What `models.framework` stands for; a key of the model itself wins. *Load* is the work of one worker (CPU + "
        "wait) after the parent process has started (`server.process_start`).",
        table(("Framework", "process_memory", "load", "framework_threads", "oversubscription", "Source"), rows),
        "`framework_threads` is 1 because MMS sets `OMP_NUM_THREADS=1` in its workers (awslabs/multi-model-server, "
        "mms/model_service_worker.py). `oversubscription` acts only on models with `service.threads` above 1.",
        "*Measured*: two vCPUs of an AMD EPYC virtual machine, Python 3.11, CPU wheels from PyPI (scikit-learn 1.9.1, "
        "xgboost-cpu 3.2.0, tensorflow-cpu 2.21.0), file cache warm, one run each: plus or minus 30 %. *Published*: "
        "github.com/aws-samples/reinvent2021-aim408-high-performance-cost-effective-model-deployment-amazon-sagemaker; "
        "nthread: github.com/aws/sagemaker-xgboost-container, algorithm_mode/serve_utils.py.",
    )


def _time(time: Time) -> str:
    return units.show_seconds(time.value) if isinstance(time, Constant) else "varies"
