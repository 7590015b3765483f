"""Answers of CloudWatch Logs Insights as JSON: rows of fields, as `aws logs get-query-results` writes them.

Source: Amazon CloudWatch Logs, API reference, GetQueryResults: `results` is a list of rows, a row a list of `field` and
`value`, the last of which is the pointer `@ptr`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from mmesim.errors import TraceError
from mmesim.workload.trace.formats import line_text

POINTER = "@ptr"


def is_answer(start: str) -> bool:
    """Whether a file that begins so is an answer with rows."""
    return (
        re.match(r"\s*\{", start) is not None
        and re.search(r'"results"\s*:\s*\[\s*\[\s*\{\s*"field"', start) is not None
    )


def rows(file: Path) -> list[dict[str, str]]:
    """The rows of an answer, which is held in memory; TraceError for what is none."""
    try:
        found = json.loads(line_text.whole(file))
    except (ValueError, RecursionError) as error:
        raise TraceError(f"{file}: is not JSON: {error}") from None
    rows = fields(found)
    if rows is None:
        raise TraceError(f"{file}: no results (Logs Insights)")
    return rows


def fields(found: Any) -> list[dict[str, str]] | None:
    """The fields of each row without its pointer, also of the list of rows alone; None for other JSON."""
    rows = found.get("results") if isinstance(found, dict) else found
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], list):
        return None
    return [
        {str(cell.get("field")): str(cell.get("value")) for cell in row if cell.get("field") != POINTER} for row in rows
    ]
