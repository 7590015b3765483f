"""The pages on what a run gives back: summary.json and the tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, WithJsonSchema

from docs.pages.markdown import code, page, table
from mmesim.experiment.diff.kept import Different
from mmesim.results.answers.capacity import Capacity
from mmesim.results.answers.explained import Explained
from mmesim.results.answers.gated import Gated
from mmesim.results.answers.sections import Band, FailedAttempts, Value
from mmesim.results.answers.split import SplitAnswer
from mmesim.results.folder.provenance import Provenance
from mmesim.results.measured.happened import Kind as HappenedKind
from mmesim.results.measured.run_data import CAUSES
from mmesim.results.miss_ratio.curve import MISS_RATIO_COLUMNS
from mmesim.results.summary.summary import Summary
from mmesim.results.tables import tables
from mmesim.results.tables.histograms import HISTOGRAM_COLUMNS
from mmesim.results.tables.periods import TEN_COLUMNS, TIME_COLUMNS
from mmesim.scenario.figures import BANDS, LATENCIES, PARTS, figure
from mmesim.scenario.values.meanings import meanings

SUMMARY = """
One JSON object. Keys are never left out, except for `happened` where nothing did: what cannot be said is `null`.
Figures carry 12 significant digits. Two runs of one scenario, seed and version differ in `wall_s` only. Counts are sums
over replications, percentiles those of all calls together, the maximum is the largest of all; the rest are means over
replications. Definitions: [design](../design.md#results); terms: [glossary](../glossary.md).

A **value** is `{"value": number or null, "ci95": [low, high] or null}`; with a null value there is a `reason`. The
interval is null with one replication.
""".strip()


def summary_page() -> str:
    """The reference of summary.json, from its models."""
    causes = ", ".join(map(code, CAUSES))
    parts = ", ".join(map(code, PARTS))
    bands = ", ".join(f"`{name}` ({100 * low:g} to {100 * high:g} %)" for name, (low, high) in BANDS.items())
    return page(
        "summary.json",
        SUMMARY,
        table(("Key", "Type", "Meaning"), keys(Summary)),
        f"**Causes**: {causes}. What each means: [assumptions](../assumptions.md#time-outs-and-errors).",
        f"**Parts**: {parts}. What each means: [glossary](../glossary.md#latency-ledger).",
        f"**[Bands](../glossary.md#band)**, calls in order of latency, at most these: {bands}.",
        "The JSON Schema itself: `mmesim.results.summary.summary.summary_schema()`.",
    )


SAID_ABOVE = ("one_more_instance", "estimates[].lines")
"""Keys that hold what another one holds."""


def keys(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, str, str]]:
    """A row for each key of a model and of those inside it: path, type, meaning."""
    for name, field in model.model_fields.items():
        here = f"{path}{name}"
        absent = any(isinstance(one, WithJsonSchema) for one in field.metadata)  # never null: absent instead
        yield code(here), "string" if absent else _type(field.annotation), meanings(model).get(name, "")
        if here == "latency_ms":
            yield from ((code(f"{here}.{one}"), "value", figure(one).title) for one in LATENCIES)
        if not path.startswith("robustness.settings") and here not in SAID_ABOVE and name not in SAID_ABOVE:
            yield from _inside(field.annotation, here)


def _inside(annotation: Any, path: str) -> Iterator[tuple[str, str, str]]:
    """The keys of the models that a field holds, itself or in a list; those of a value and a band are said once."""
    path = f"{path}[]" if get_origin(annotation) in (list, tuple) else path
    if (
        isinstance(annotation, type)
        and issubclass(annotation, BaseModel)
        and annotation not in (Value, Band, FailedAttempts)
    ):
        yield from keys(annotation, f"{path}.")
    for part in get_args(annotation):
        yield from _inside(part, path)


def _type(annotation: Any) -> str:
    """The type of a field as a reader of JSON knows it."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inside[0])
    if origin in (Union, UnionType) and set(inside) == {str, int, float, bool}:
        return "scalar"  # text, a number or a flag, as YAML calls them
    if origin in (Union, UnionType):
        return " or ".join("null" if part is NoneType else _type(part) for part in inside)
    if origin is Literal:
        return ", ".join(map(code, inside))
    if origin is tuple and Ellipsis not in inside:
        return "[low, high]" if inside == (float, float) else f"[{', '.join(map(_type, inside))}]"
    if origin in (list, tuple):
        each = _type(inside[0])
        return f"list of {each}{'' if each.endswith(']') else 's'}"
    if origin is dict and inside[1] is Band:
        return "for each band `n`, `between`, `mean` and a number for each part; where they are null, `reason`"
    if origin is dict and inside[1] is FailedAttempts:
        return "for each cause `n`, `mean` and a number for each part"
    if origin is dict and inside[1] is Any:
        return "object"
    if origin is dict and inside[1] is not object:
        return f"map of {_type(inside[1])}s"
    return TYPES.get(annotation, "object")


TYPES: Mapping[Any, str] = MappingProxyType(
    {str: "string", datetime: "time (ISO 8601)", int: "integer", float: "number", bool: "boolean", Value: "value"}
)


GATE = """
What `mmesim gate --json FILE` writes: one JSON object, from which all reports of the gate are made. Keys are never left
out: what cannot be said is `null`. Terms: [glossary](../glossary.md). How to use it:
[gate your sizing](../how-to/gate-your-sizing.md).
""".strip()


def gate_page() -> str:
    """The reference of the document of a gate, from its models."""
    return page(
        "The document of a gate",
        GATE,
        table(("Key", "Type", "Meaning"), keys(Gated)),
        "The JSON Schema itself: `mmesim.results.answers.gated.gated_schema()`.",
    )


DIFF = """
What `mmesim diff --json` prints, and `diff.json` in the folder of `mmesim diff --out`: one JSON object. Keys are never
left out: what cannot be said is `null`. Terms: [glossary](../glossary.md). How to use it:
[compare two fleets](../how-to/compare-two-fleets.md).
""".strip()


def diff_page() -> str:
    """The reference of the document of a comparison, from its models."""
    return page(
        "The document of a comparison",
        DIFF,
        table(("Key", "Type", "Meaning"), keys(Different)),
        "The JSON Schema itself: `mmesim.experiment.diff.kept.different_schema()`.",
    )


CAPACITY = """
What `mmesim capacity --json` prints: one JSON object. Keys are never left out: what cannot be said is `null`. Terms:
[glossary](../glossary.md). How to use it: [find out how many models fit](../how-to/how-many-models.md).
""".strip()


def capacity_page() -> str:
    """The reference of the document of a capacity, from its models."""
    return page(
        "The document of a capacity",
        CAPACITY,
        table(("Key", "Type", "Meaning"), keys(Capacity)),
        "The JSON Schema itself: `mmesim.results.answers.capacity.capacity_schema()`.",
    )


SPLIT = """
What `mmesim split --json` prints: one JSON object, from which its report is made. Keys are never left out: what cannot
be said is `null`. Terms: [glossary](../glossary.md). How to use it:
[split an endpoint](../how-to/split-an-endpoint.md).
""".strip()


def split_page() -> str:
    """The reference of the document of a split, from its models."""
    return page(
        "The document of a split",
        SPLIT,
        table(("Key", "Type", "Meaning"), keys(SplitAnswer)),
        "The JSON Schema itself: `mmesim.results.answers.split.split_schema()`.",
    )


EXPLAIN = """
What `mmesim explain --json` prints: one JSON object, from which its report is made. Keys are never left out: what
cannot be said is `null`. Terms: [glossary](../glossary.md). How to use it: [explain a run](../how-to/explain-a-run.md).
""".strip()


def explain_page() -> str:
    """The reference of the document of an explanation, from its models."""
    return page(
        "The document of an explanation",
        EXPLAIN,
        table(("Key", "Type", "Meaning"), keys(Explained)),
        "The JSON Schema itself: `mmesim.results.answers.explained.explained_schema()`.",
    )


FOLDER = (
    ("`summary.json`", "every figure: [summary.json](summary.md)"),
    ("`provenance.json`", "[where the result comes from](#provenancejson): versions, command, hash of the scenario"),
    ("`scenario.yaml`", "the resolved scenario: running it again gives the same result"),
    ("`requests.parquet`", "[single calls](#requestsparquet); absent with `--no-requests`"),
    ("`windows.parquet`", "[minutes](#windowsparquet), under CloudWatch's names"),
    ("`window_times.parquet`", "[how many calls took how long](#window_timesparquet), minute by minute"),
    ("`windows_10s.parquet`", "[calls in flight](#windows_10sparquet) every ten seconds; absent in runs over 15 days"),
    ("`hosts.parquet`", "[hosts](#hostsparquet)"),
    ("`models.parquet`", "[models](#modelsparquet)"),
    ("`happened.parquet`", "[what happened to the fleet](#happenedparquet); absent when nothing did"),
    ("`histograms.parquet`", "[latency histograms](#histogramsparquet): of all, warm and cold calls, and by group"),
    ("`miss_ratio.parquet`", "[the miss-ratio curve](#miss_ratioparquet)"),
    ("`report.html`", "[the page](../how-to/read-the-page.md); absent unless it was asked for"),
    (
        "`timeline.json.gz`",
        "[a timeline](../how-to/look-at-a-timeline.md) for Perfetto; absent unless it was asked for",
    ),
)

WINDOWS = """
One row a minute and replication, from 0 to the end of the run; null where nothing was observed. CloudWatch's names and
units. Other statistics have a column `Name_Statistic`, such as `ModelLatency_Maximum`. A call counts in the minute in
which the endpoint answers it, half of `clients.network` before the client has the answer.
""".strip()

WINDOW_TIMES = """
One row for each bucket that holds a sample, in each minute and replication. All calls are counted, recorded or not.
In runs of more than 15 days the periods are 5 minutes, over 63 days an hour, over 455 days a day: CloudWatch keeps its
own data so. `sweep`, `gate` and other experiments do not count them.
""".strip()

PROVENANCE = """
## provenance.json

Where the result comes from. It differs from run to run; `summary.json` does not (but for `wall_s`), so digests are
taken of that. `mmesim sweep` writes one beside its tables too.
""".strip()

MODELS = """
One row a model, all replications together, over the measured time. Besides, a column such as `share_over 500 ms` for
each latency limit in `expect`.
""".strip()

HISTOGRAMS = """
One row a bucket that holds a call, all replications together, over the measured time. Buckets are at most 0.39 % wide,
those of groups 6.3 %; every latency limit in `expect` is an edge.
""".strip()

MISS_RATIO = """
What share of its calls a fleet with another memory would miss: the
[miss-ratio curve](../glossary.md#miss-ratio-curve). Empty where models are not kept in memory, or nothing was called.
The file has Che's approximation; `result.miss_ratio` and the page add stack distances where every call was recorded.
""".strip()


HAPPENED = """
One row for each thing that happened to the fleet, in each replication, up to the end of the run. Besides, a column
for each figure that is named here, null in the other rows.
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
        PROVENANCE,
        table(("Key", "Type", "Meaning"), keys(Provenance)),
        _table(
            "requests", "One row a recorded call that was sent in the run, warm-up included.", tables.REQUEST_COLUMNS
        ),
        _table("windows", WINDOWS, tables.WINDOW_COLUMNS),
        _table("window_times", WINDOW_TIMES, TIME_COLUMNS),
        _table("windows_10s", "One row for every ten seconds and replication.", TEN_COLUMNS),
        _table(
            "hosts",
            "One row a host and replication, over the measured time; the two peaks over the whole run.",
            tables.HOST_COLUMNS,
        ),
        _table("models", MODELS, tables.MODEL_COLUMNS),
        _table("happened", HAPPENED, tables.HAPPENED_COLUMNS),
        table(("Kind", "What happened"), ((code(kind), text) for kind, text in meanings(HappenedKind).items())),
        _table("histograms", HISTOGRAMS, HISTOGRAM_COLUMNS),
        _table("miss_ratio", MISS_RATIO, MISS_RATIO_COLUMNS),
    )


def _table(name: str, about: str, columns: Mapping[str, tuple[str, str]]) -> str:
    rows = ((code(column), unit, meaning) for column, (unit, meaning) in columns.items())
    return f"## {name}.parquet\n\n{about}\n\n{table(('Column', 'Unit', 'Meaning'), rows)}"
