"""A log in which all calls have one name: more often the name of an endpoint than that of its only model."""

from __future__ import annotations

from collections.abc import Sequence

from mmesim import units
from mmesim.scenario.traffic.trace.note import TraceNote
from mmesim.scenario.traffic.trace.trace import AZURE_LLM, COUNTS, JSON_LINES, TABLE, TraceSource
from mmesim.workload.trace.describe.describe import Description
from mmesim.workload.trace.notes import say

FEW = 20
"""So many calls may well be of one model."""


def tell_of_one_name(source: TraceSource, found: Description, names: Sequence[str]) -> None:
    """Warn when more than a few calls have the same name, and nobody asked for that; `names` are those of the file."""
    asked = source.model is not None or source.models is not None or source.format == AZURE_LLM
    if asked or found.models > 1 or found.requests <= FEW or not names:
        return
    text = f"all {units.show_count(found.requests)} calls have one name, {names[0]!r}"
    if source.format in COUNTS:
        text += ": these are the calls of all models together if that is an endpoint"
        advice = "the access log of the model server names each"
    elif source.format in (TABLE, JSON_LINES) and source.pattern is None:
        text += ": is the model in another column?"
        advice = "columns.model=NAME reads it"
    else:
        text += ": is the model in the query or in a header?"
        advice = "a pattern with the group model finds it in a log that has it"
    say(TraceNote("trace_one_name", source.file, text, evidence={"calls": float(found.requests)}, advice=advice))
