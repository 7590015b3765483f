from collections.abc import Callable
from pathlib import Path

import pytest

from mmesim.cli import main
from mmesim.experiment.execute import task
from mmesim.experiment.execute.task import Observer, Task
from mmesim.results.measured.run_data import RunData
from tests.helpers.command import Command, Outcome
from tests.unit.experiment.fakes import Simulate


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
    """Lets a function stand in for the engine in runs that are measured, as if the kernel were compiled."""

    def stand_in(simulate: Simulate) -> None:
        real = Task.run

        def run(of: Task, observer: Observer | None = None) -> RunData:
            if of.window_s is not None:
                return real(of, observer)  # a pilot run
            return simulate(of.scenario, of.replication, observer, of.records)

        monkeypatch.setattr(Task, "run", run)
        monkeypatch.setattr(task, "is_compiled", lambda: True)

    return stand_in
