"""The command as a whole: help, version, usage errors, and what happens when mmesim itself is at fault."""

import subprocess
import sys

import pytest

from mmesim import __version__
from mmesim.cli import app
from mmesim.errors import SimulationError


def test_help_names_every_command(mmesim):
    outcome = mmesim("--help")
    assert outcome.code == 0
    for command in app.registered_commands:
        assert f"\n  {command.name} " in outcome.out


def test_no_command_is_cut_short_in_the_list(mmesim):
    for words in ((), ("trace",)):
        listed = mmesim(*words, "--help").out.partition("Commands:")[2]
        assert [line for line in listed.splitlines() if line.endswith("...")] == []


def test_version(mmesim):
    assert mmesim("--version").out == f"mmesim {__version__}\n"


@pytest.mark.parametrize("words", [("frobnicate",), ("validate",), ("validate", "--frob", "x"), ("init", "a", "b")])
def test_a_wrong_command_line_is_exit_code_64(mmesim, words):
    outcome = mmesim(*words)
    assert outcome.code == 64
    assert "Usage: mmesim" in outcome.err
    assert outcome.out == ""


def test_python_dash_m_is_the_same_command():
    done = subprocess.run([sys.executable, "-m", "mmesim", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"mmesim {__version__}\n"


def test_help_loads_nothing_heavy():
    code = "import sys; from mmesim.cli import main\ntry: main(['--help'])\nexcept SystemExit: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "numba", "pandas", "pyarrow", "scipy", "matplotlib", "pydantic", "yaml", "simpy"}
    assert heavy.isdisjoint(done.stdout.split())


@pytest.fixture
def failing():
    """Adds a command that fails with a given error, for one test."""
    commands = app.registered_commands
    before = list(commands)

    def failing(error: BaseException) -> None:
        @app.command("fail")
        def fail() -> None:
            raise error

    yield failing
    commands[:] = before


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


def test_a_reader_that_goes_away_is_no_error():
    done = subprocess.run(
        [f"{sys.executable} -m mmesim schema | head -1"], shell=True, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("{\n", "")
