"""The self-check of a run: what the simulator found when it verified its own invariants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmesim.results.measured.run_data import RunData

OK = "ok"


def combine(runs: Sequence[RunData]) -> dict[str, str]:
    """For each check "ok", or what is wrong in which replications."""
    names = dict.fromkeys(name for run in runs for name in run.checks)
    return {name: _combined(name, runs) for name in names}


def _combined(name: str, runs: Sequence[RunData]) -> str:
    found = [(run.replication, run.checks.get(name, "not checked")) for run in runs]
    wrong = [f"replication {replication}: {text}" for replication, text in found if text != OK]
    return "; ".join(wrong) if wrong else OK


def line(checks: Mapping[str, str]) -> str:
    """The self-check as one line for people."""
    wrong = [f"{name} ({text})" for name, text in checks.items() if text != OK]
    if wrong:
        return "FAILED: " + "; ".join(wrong)
    return "ok: " + ", ".join(checks) if checks else "FAILED: nothing was checked"


def passed(checks: Mapping[str, str]) -> bool:
    """Whether something was checked and all of it is right."""
    return bool(checks) and all(text == OK for text in checks.values())
