from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mmesim.cli import main


@dataclass(frozen=True)
class Outcome:
    """What a command leaves behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def mmesim(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Outcome]:
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
