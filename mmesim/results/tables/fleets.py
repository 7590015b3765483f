"""The fleets of a plan as a table: what fleets.parquet and the frame hold."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from mmesim.results.answers.planned import Fleet, FleetLine, Planned, badness, is_recovery

COLUMNS: dict[str, tuple[pa.DataType, str]] = {
    "instance_type": (pa.string(), "as in AWS's list; null for a host of your own"),
    "instance_count": (pa.int64(), "instances"),
    "usd_per_month": (
        pa.float64(),
        "of all instances, 730 hours, on demand unless `price_given`; null without a price",
    ),
    "price_estimated": (pa.bool_(), "the price is not AWS's, but estimated from types like it"),
    "price_given": (pa.bool_(), "the scenario gives the price: endpoint.prices or endpoint.price_per_hour"),
    "state": (pa.string(), "inside, turned down, open, not tried"),
    "stage": (pa.string(), "what decided it, or was last tried; null when not tried"),
    "reason": (pa.string(), "why it was turned down or is open"),
    "binds": (pa.string(), "what limits it, as the id of a binding constraint"),
    "predicted_miss_ratio": (pa.float64(), "share of calls that find no copy in memory, by Che's approximation"),
    "everything_in_memory": (pa.bool_(), "all models fit at once"),
    "replications": (pa.int64(), "simulated or found in the store"),
    "requests": (pa.int64(), "calls of these replications"),
    "share_of_draws": (pa.float64(), "of the draws of uncertain inputs in which it is inside"),
    "mean_extra_usd": (pa.float64(), "a month, beyond the cheapest fleet inside of each draw, on average"),
}
"""Column -> its type and meaning: the keys of a fleet in plan.json."""


def fleets_table(planned: Planned) -> pa.Table:
    """One row a fleet, in order of price: `answer`, the fields of the grid, `COLUMNS`, then what was found.

    Each line of `expect` has `LINE` (what decides, in its unit, shares 0..1), `LINE low`, `LINE high` (95 % interval)
    and `LINE verdict`; of several windows the worst; with ` with ...` for what the fleet must withstand besides. Null
    where nothing was simulated.
    """
    fleets = planned.fleets
    columns: dict[str, pa.Array] = {"answer": pa.array([row == planned.answer for row in range(len(fleets))])}
    for path in dict.fromkeys(path for one in fleets for path in one.values):
        columns[path] = _values([one.values.get(path) for one in fleets])
    for name, (kind, _) in COLUMNS.items():
        columns[name] = pa.array([getattr(one, name) for one in fleets], kind)
    for name in dict.fromkeys(map(_name, (line for one in fleets for line in one.lines))):
        columns |= _found(name, [_worst(one, name) for one in fleets])
    return pa.table(columns)


def _name(line: FleetLine) -> str:
    return line.text if line.when is None or is_recovery(line) else f"{line.text} with {line.when}"


def _values(given: Sequence[object]) -> pa.Array:
    """The values of a field: numbers or flags where all are, else text."""
    known = [value for value in given if value is not None]
    if {type(value) for value in known} in ({bool}, {int}, {float}):
        return pa.array(given)
    return pa.array([None if value is None else str(value) for value in given], pa.string())


def _worst(one: Fleet, name: str) -> FleetLine | None:
    lines = [line for line in one.lines if _name(line) == name]
    return min(lines, key=badness, default=None)


def _found(name: str, lines: Sequence[FleetLine | None]) -> dict[str, pa.Array]:
    """The columns of a line of `expect`."""
    ends = [None if line is None else line.interval for line in lines]
    numbers = {
        name: [None if line is None else line.value for line in lines],
        f"{name} low": [None if end is None else end[0] for end in ends],
        f"{name} high": [None if end is None else end[1] for end in ends],
    }
    columns = {column: pa.array(of, pa.float64()) for column, of in numbers.items()}
    verdicts = [None if line is None else line.verdict for line in lines]
    return {**columns, f"{name} verdict": pa.array(verdicts, pa.string())}
