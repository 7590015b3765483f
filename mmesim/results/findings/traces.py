"""Findings about the traces that a run replayed."""

from __future__ import annotations

from collections.abc import Sequence

from mmesim.preflight.finding import Finding
from mmesim.results.measured.run_data import RunData


def trace_findings(runs: Sequence[RunData]) -> list[Finding]:
    """One of each kind for each file, as the first replication that met it says it; files without their folder."""
    found: dict[tuple[str, str], Finding] = {}
    for note in (note for run in runs for note in run.trace_notes):
        finding = Finding(
            id=note.id,
            severity=note.severity,
            text=f"{note.file.name}: {note.text}",
            evidence=note.evidence,
            source="docs/how-to/replay-a-trace.md",
            try_=note.advice,
        )
        found.setdefault((note.id, str(note.file)), finding)
    return list(found.values())
