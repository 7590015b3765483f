"""What a table may be whose columns are not those that were asked for, and what to write then."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mmesim.errors import did_you_mean

SHOWN, LONGEST = 8, 30
OTHER_NAMES = {
    "time": ("timestamp", "timestamps", "datetime", "date", "ts", "starttime", "startedat", "arrival", "arrivaltime"),
    "model": ("modelname", "targetmodel", "endpoint", "function", "functionname", "label", "name", "model_id"),
}
_MINUTE = re.compile(r"(?:minute_)?[0-9]+|[0-9]+_minute")


def cure(column: str, names: Sequence[str]) -> str:
    """What to write when a column is missing, by the columns that are there."""
    if names and names[0].lstrip().startswith("{"):
        return "the file is JSON lines, not a table: format: access-log with a pattern reads it line by line"
    if {"timestamp", "contexttokens"} <= {name.lower() for name in names}:
        return "it looks like Azure LLM inference 2023: format: azure-llm-2023"
    if {"app", "func", "end_timestamp", "duration"} <= set(names):
        return "it looks like Azure Functions 2021: format: azure-functions-2021"
    if "HashFunction" in names and any(_MINUTE.fullmatch(name) for name in names):
        return "it looks like counts by minute: format: azure-functions-2019"
    has = f"it has: {_listed(names)}"
    if any(re.fullmatch(r"[-+0-9.eE]+", name) for name in names):
        return f"{has}; the first line is not a header: write one, such as time,model"
    other = next((name for name in names if _plain(name) == _plain(column)), None) or next(
        (name for name in names if _plain(name) in OTHER_NAMES.get(column, ())), None
    )
    if other is not None:
        return f"write columns.{column}={other}" if column in OTHER_NAMES else f"did you mean {other}?"
    hint = did_you_mean(column, names)
    if column == "model" and hint is None:
        return f"{has}; model: NAME in the trace names the model of every call"
    return hint or has


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace(" ", "").replace("-", "")


def _listed(names: Sequence[str]) -> str:
    cut = [name if len(name) <= LONGEST else name[:LONGEST] + "..." for name in names[:SHOWN]]
    return ", ".join(cut) + (" ..." if len(names) > SHOWN else "")
