"""The command as a whole: help, version, usage errors, and what happens when mmesim itself is at fault."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer

from mmesim import __version__, cli
from mmesim.cli import _commands as made
from mmesim.cli import app
from mmesim.errors import SimulationError
from tests.helpers.files import ROOT


def test_help_names_every_command(mmesim):
    outcome = mmesim("--help")
    assert outcome.code == 0
    group = typer.main.get_group(app)
    listed = outcome.out.partition("Commands:")[2].splitlines()
    found = [line.split()[0] for line in listed if line.startswith("  ") and not line.startswith("   ")]
    assert found == list(group.commands)
    modules = {path.stem for path in Path(cli.__file__).parent.glob("*.py")} - {
        "__init__",
        "common",
        "complete",
        "replaced",
    }
    assert set(found) <= modules  # one file a command
    for command in found:
        assert mmesim(command, "--help").code == 0


def test_no_command_is_cut_short_in_the_list(mmesim):
    for words in ((), ("trace",)):
        listed = mmesim(*words, "--help").out.partition("Commands:")[2]
        assert [line for line in listed.splitlines() if line.endswith("...")] == []


def test_version(mmesim):
    assert mmesim("--version").out == f"mmesim {__version__}\n"
    assert mmesim("-V").out == f"mmesim {__version__}\n"


def test_short_help(mmesim):
    assert mmesim("-h").out == mmesim("--help").out
    assert mmesim("trace", "describe", "-h").out == mmesim("trace", "describe", "--help").out


@pytest.mark.parametrize("words", [("frobnicate",), ("validate",), ("validate", "--frob", "x"), ("init", "a", "b")])
def test_a_wrong_command_line_is_exit_code_64(mmesim, words):
    outcome = mmesim(*words)
    assert outcome.code == 64
    assert "Usage: mmesim" in outcome.err
    assert outcome.out == ""


def test_python_dash_m_is_the_same_command():
    done = subprocess.run([sys.executable, "-m", "mmesim", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"mmesim {__version__}\n"


def test_a_run_loads_nothing_that_it_does_not_use(tmp_path):
    words = ["run", "scenarios/mmc.yaml", "--quiet", "--set", "run.duration=10 min", "--out", str(tmp_path / "result")]
    code = f"import sys; from mmesim.cli import main\ntry: main({words!r})\nexcept SystemExit: print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT).stdout
    assert {"pyarrow.parquet", "numba", "scipy.special"} <= set(loaded.split())
    heavy = {"pandas", "scipy.optimize", "scipy.stats", "multiprocessing.pool", "concurrent.futures.process", "sqlite3"}
    heavy |= {"matplotlib", "rich", "distributed", "numba.np.linalg", "pyarrow.compute", "pyarrow.csv", "jinja2"}
    assert heavy & set(loaded.split()) == set()


def test_help_loads_nothing_heavy():
    code = "import sys; from mmesim.cli import main\ntry: main(['--help'])\nexcept SystemExit: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "numba", "pandas", "pyarrow", "scipy", "matplotlib", "pydantic", "yaml", "simpy", "rich"}
    assert heavy.isdisjoint(done.stdout.split())


@pytest.fixture
def command() -> Iterator[Callable[[Callable[[], object]], None]]:
    """Adds the command `fail`, which does what it is given, for one test."""
    commands = app.registered_commands
    before = list(commands)

    def command(action: Callable[[], object]) -> None:
        @app.command("fail")
        def fail() -> None:
            action()

        made.cache_clear()

    yield command
    commands[:] = before
    made.cache_clear()


@pytest.fixture
def failing(command: Callable[[Callable[[], object]], None]) -> Callable[[BaseException], None]:
    """Adds the command `fail`, which fails with a given error, for one test."""

    def failing(error: BaseException) -> None:
        def fail() -> None:
            raise error

        command(fail)

    return failing


@pytest.mark.parametrize(
    ("error", "first"),
    [
        (ValueError("what?"), "internal error: ValueError: what?"),
        (SimulationError("clock went back"), "internal error: clock went back"),
    ],
)
def test_a_defect_is_short_and_says_how_to_see_more(mmesim, failing, error, first):
    failing(error)
    outcome = mmesim("fail")
    assert outcome.code == 70
    assert outcome.err.splitlines()[0] == first
    assert "mmesim --debug" in outcome.err
    assert "Traceback" not in outcome.err


LONG = "a" * 400


@pytest.mark.parametrize(
    "words",
    [
        ["run", LONG],
        ["validate", LONG],
        ["gate", LONG],
        ["report", LONG],
        ["diff", LONG, LONG],
        ["plot", LONG, "latency", "-o", "a.png"],
        ["metrics", LONG, "--start", "2026-01-01T00:00:00Z"],
        ["init", "--from", LONG],
        ["init", f"{LONG}.yaml"],
        ["init", f"{__file__}/a.yaml"],
    ],
    ids=lambda words: " ".join(words)[:12],
)
def test_a_path_that_the_system_refuses_is_a_mistake_and_not_a_defect(mmesim, words):
    outcome = mmesim(*words)
    assert outcome.code == 64
    assert "bug" not in outcome.err
    assert len(outcome.err.strip().splitlines()) <= 3


@pytest.mark.parametrize("error", [OSError(36, "File name too long"), FileNotFoundError(2, "No such file", "a.json")])
def test_a_file_that_is_missing_inside_and_an_error_without_a_path_stay_defects(mmesim, failing, error):
    failing(error)
    assert mmesim("fail").code == 70


def test_debug_lets_the_error_through(failing, monkeypatch):
    from mmesim.cli import main

    failing(ValueError("what?"))
    with pytest.raises(ValueError, match=r"what\?"):
        main(["--debug", "fail"])
    monkeypatch.setenv("MMESIM_DEBUG", "1")
    with pytest.raises(ValueError, match=r"what\?"):
        main(["fail"])


def test_an_interrupt_is_exit_code_130(mmesim, failing):
    failing(KeyboardInterrupt())
    outcome = mmesim("fail")
    assert (outcome.code, outcome.err) == (130, "interrupted\n")


def test_what_a_library_makes_of_an_interrupt_is_no_defect(mmesim, command):
    def fail() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt as error:
            raise ValueError("cannot build") from error

    command(fail)
    outcome = mmesim("fail")
    assert (outcome.code, outcome.err) == (130, "interrupted\n")


def test_an_interrupt_of_code_that_was_compiled_from_a_string_is_exit_code_130(tmp_path):
    # With -m, Python would end itself by SIGINT.
    tmp_path.joinpath("ended.py").write_text(
        "import mmesim.cli\n"
        "@mmesim.cli.app.command()\n"
        "def end():\n"
        "    exec('import signal; signal.raise_signal(signal.SIGINT)')\n"
        "mmesim.cli.main(['end'])\n"
    )
    here = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run([sys.executable, "-m", "ended"], env=here, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


@pytest.fixture
def handler() -> Iterator[None]:
    """The test may set another handler of SIGINT."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("handler")
def test_ctrl_c_is_heard_where_the_command_was_started_with_it_ignored(mmesim, command):
    command(lambda: signal.raise_signal(signal.SIGINT))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    outcome = mmesim("fail")
    assert (outcome.code, outcome.err) == (130, "interrupted\n")


@pytest.mark.usefixtures("handler")
def test_a_handler_of_the_program_around_stays(mmesim):
    def mine(number: int, frame: object) -> None:
        """Somebody else's."""

    signal.signal(signal.SIGINT, mine)
    mmesim("--version")
    assert signal.getsignal(signal.SIGINT) is mine


def test_a_reader_that_goes_away_is_no_error():
    done = subprocess.run(
        [f"{sys.executable} -m mmesim schema | head -1"], shell=True, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("{\n", "")


@pytest.mark.parametrize(
    ("begun", "offered"),
    [
        ("ru", "run"),
        ("run --se", "--seed\n--set"),
        ("run q.yaml --set endpoint.instance_c", "endpoint.instance_count"),
        ("run q.yaml --set models.t", "models.tenant"),
        ("run q.yaml --set models.tenant.service.w", "models.tenant.service.wait"),
        ("diff q.yaml --set-both endpoint.router.po", "endpoint.router.policy"),
        ("sweep q.yaml --grid run.dur", "run.duration"),
        ("sweep no.yaml --range models.t", ""),
    ],
)
def test_the_shell_completes_commands_options_and_fields(mmesim, monkeypatch, begun, offered):
    Path("q.yaml").write_text("models: [{name: tenant, service: {cpu: 1 ms}}]\n")
    words = ["mmesim", *begun.split()]
    monkeypatch.setenv("_MMESIM_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", " ".join(words))
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    done = mmesim()
    assert (done.code, done.out.strip()) == (0, offered)
