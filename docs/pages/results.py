"""The pages on what a run gives back: summary.json and the tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from docs.pages.markdown import code, page, table
from mmesim.results import tables
from mmesim.results.ledger import BANDS
from mmesim.results.run_data import CAUSES, PARTS
from mmesim.results.schema import summary_schema

SUMMARY = """
One JSON object. Keys are never left out: what cannot be said is `null`. Figures carry 12 significant digits. Two runs
of one scenario, seed and version differ in `wall_s` only. Counts are sums over replications; the rest are means over
replications. Definitions: [design](../design.md#results); terms: [glossary](../glossary.md).

A **value** is `{"value": number or null, "ci95": [low, high] or null}`; with a null value there is a `reason`. The
interval is null with one replication.
""".strip()


def summary_page() -> str:
    """The reference of summary.json, from its JSON Schema."""
    schema: Any = summary_schema()
    rows = list(_rows("", schema, schema["$defs"]))
    causes = ", ".join(map(code, CAUSES))
    parts = ", ".join(map(code, PARTS))
    bands = ", ".join(f"`{name}` ({100 * low:g} to {100 * high:g} %)" for name, (low, high) in BANDS.items())
    return page(
        "summary.json",
        SUMMARY,
        table(("Key", "Type", "Meaning"), rows),
        f"**Causes**: {causes}. What each means: [assumptions](../assumptions.md#time-outs-and-errors).",
        f"**Parts**: {parts}. What each means: [glossary](../glossary.md#latency-ledger).",
        f"**[Bands](../glossary.md#band)**, calls in order of latency: {bands}.",
        "The JSON Schema itself: `mmesim.results.schema.summary_schema()`.",
    )


def _rows(path: str, schema: Any, parts: Any) -> Iterator[tuple[str, str, str]]:
    for name, one in schema["properties"].items():
        here = f"{path}.{name}".lstrip(".")
        described = one.get("description", "")
        one = parts[one["$ref"].rpartition("/")[2]] if "$ref" in one else one
        if one is parts["value"]:
            yield code(here), "value", described
        elif "properties" in one and not _is_long(one):
            yield code(here), "object", described
            yield from _rows(here, one, parts)
        elif one.get("type") == "array" and "$ref" in one.get("items", {}):
            yield code(here), "list of objects", described
            yield from _rows(f"{here}[]", parts[one["items"]["$ref"].rpartition("/")[2]], parts)
        else:
            yield code(here), _type(one), described


def _is_long(schema: Any) -> bool:
    """Objects with one key for each cause or part are described in one row."""
    names = set(schema["properties"])
    return set(CAUSES) <= names or set(PARTS) <= names


def _type(schema: Any) -> str:
    if "enum" in schema:
        return ", ".join(code(word) for word in schema["enum"])
    if schema.get("type") == "object" and "properties" in schema:
        names = set(schema["properties"])
        return "count for each cause" if set(CAUSES) <= names else "`n`, `mean`, and a number for each part"
    if schema.get("type") == "object":
        inner = schema.get("additionalProperties", {})
        return "map of values" if "$ref" in inner else "map"
    if schema.get("type") == ["array", "null"] and "items" in schema:
        return "[low, high] or null"
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " or ".join(kinds)


FOLDER = (
    ("`summary.json`", "every figure: [summary.json](summary.md)"),
    ("`scenario.yaml`", "the resolved scenario: running it again gives the same result"),
    ("`requests.parquet`", "[single calls](#requestsparquet); absent with `--no-requests`"),
    ("`windows.parquet`", "[minutes](#windowsparquet), under CloudWatch's names"),
    ("`hosts.parquet`", "[hosts](#hostsparquet)"),
    ("`models.parquet`", "[models](#modelsparquet)"),
)

WINDOWS = """
One row a minute and replication, from 0 to the end of the run; null where nothing was observed. CloudWatch's names and
units. Other statistics have a column `Name_Statistic`, such as `ModelLatency_Maximum`. A call counts in the minute in
which it ends.
""".strip()

MODELS = """
One row a model, all replications together, over the measured time. Besides, a column such as `share_over 500 ms` for
each latency limit in `expect`.
""".strip()


def tables_page() -> str:
    """The reference of the result folder and its Parquet tables."""
    return page(
        "Result folder",
        "A folder is written whole or not at all. An earlier result of mmesim in its place is replaced; anything else "
        "is left alone, with an error.",
        table(("File", "What"), FOLDER),
        "Each Parquet field carries its unit and meaning as metadata (`unit`, `description`). Terms: "
        "[glossary](../glossary.md).",
        _table(
            "requests", "One row a recorded call that was sent in the run, warm-up included.", tables.REQUEST_COLUMNS
        ),
        _table("windows", WINDOWS, tables.WINDOW_COLUMNS),
        _table(
            "hosts",
            "One row a host and replication, over the measured time; the two peaks over the whole run.",
            tables.HOST_COLUMNS,
        ),
        _table("models", MODELS, tables.MODEL_COLUMNS),
    )


def _table(name: str, about: str, columns: Mapping[str, tuple[str, str]]) -> str:
    rows = ((code(column), unit, meaning) for column, (unit, meaning) in columns.items())
    return f"## {name}.parquet\n\n{about}\n\n{table(('Column', 'Unit', 'Meaning'), rows)}"
