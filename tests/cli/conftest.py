from collections.abc import Callable
from pathlib import Path

import pytest

from mmesim.cli import main
from mmesim.experiment.execute import executors
from mmesim.experiment.execute.executors import Simulate
from tests.helpers.command import Command, Outcome


@pytest.fixture
def mmesim(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command line in the test's own folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MMESIM_DEBUG", raising=False)

    def mmesim(*words: object) -> Outcome:
        with pytest.raises(SystemExit) as end:
            main([str(word) for word in words])
        captured = capsys.readouterr()
        code = end.value.code
        assert isinstance(code, int)
        return Outcome(code, captured.out, captured.err)

    return mmesim


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[Simulate], None]:
    """Lets a function stand in for the engine, as if the kernel were compiled."""

    def stand_in(simulate: Simulate) -> None:
        monkeypatch.setattr(executors, "_engine", lambda processes: simulate)
        monkeypatch.setattr(executors, "is_compiled", lambda: True)

    return stand_in
