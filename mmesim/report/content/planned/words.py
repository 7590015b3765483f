"""What every part of a plan says in the same words: fleets, prices, and what was found of a line of `expect`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from mmesim import units
from mmesim.report import formats, phrases
from mmesim.report.content.gated.words import OVER, SIGNS, on_one_line, quantity, with_interval
from mmesim.results.answers.planned import Fleet, FleetLine, Planned, State, badness, is_recovery
from mmesim.scenario.constraints import NAMES
from mmesim.scenario.run.expect import read_expectation
from mmesim.scenario.values.fields import Refused

TYPE, COUNT = "endpoint.instance_type", "endpoint.instance_count"
MOST_NAMED = 3
"""Fleets or settings that a sentence names; beyond, they are counted."""
MS_PER_MIN = 60_000.0
MOST_DECIMALS = 6
"""Decimals of a figure in a sentence at most."""
TICKS: Mapping[State, str] = MappingProxyType({"inside": "✓", "turned down": "✗", "open": "?", "not tried": ""})
UNKNOWN = "unknown"
"""What binds where nothing that was simulated says it."""


def fleet(planned: Planned, row: int) -> str:
    """A fleet by its instances, and by what else the grid varies: `3 x ml.m5.2xlarge, job_queue_size = 50`."""
    one = planned.fleets[row]
    host = "" if one.instance_type is None else f" x {on_one_line(one.instance_type)}"
    instances = f"{one.instance_count:,}{host}" if host else phrases.plural(one.instance_count, "instance")
    return ", ".join([instances, *settings(planned, one.values)])


def family(planned: Planned, values: Mapping[str, object]) -> str:
    """The fleets that differ in their number alone: `ml.m5.xlarge, default_workers_per_model = 2`."""
    host = values.get(TYPE)
    named = [] if host is None else [on_one_line(str(host))]
    return ", ".join([*named, *settings(planned, values)]) or "this host"


def settings(planned: Planned, values: Mapping[str, object]) -> list[str]:
    """What the grid varies besides type and number of instances, as a fleet has it."""
    short = other_fields(planned)
    return [f"{short[field]} = {value(values[field])}" for field in short if field in values]


def other_fields(planned: Planned) -> dict[str, str]:
    """The fields of the grid with several values, besides type and number of instances, by their short names."""
    fields = [field for field, of in planned.grid.items() if field not in (TYPE, COUNT) and len(of) > 1]
    return dict(zip(fields, map(on_one_line, phrases.short_paths(fields)), strict=True))


def value(given: object) -> str:
    """A value of a field as a file would have it."""
    return on_one_line(str(given).lower() if isinstance(given, bool) else str(given))


def price(one: Fleet) -> str:
    """What a fleet costs a month: `$1,009 a month`, `about $1,009 a month` when it is estimated, `$640 a month at your
    price` when the scenario gives it.
    """
    if one.usd_per_month is None:
        return "without a price"
    whose = " at your price" if one.price_given else ""
    return f"{'about ' if one.price_estimated else ''}{units.show_dollars(one.usd_per_month)} a month{whose}"


def whose_prices(planned: Planned) -> str:
    """Whose prices the fleets have: `on demand`, `at your prices`, `at your prices, ml.m5.large on demand`."""
    priced = [one for one in planned.fleets if one.usd_per_month is not None]
    if not any(one.price_given for one in priced):
        return "on demand"
    others = dict.fromkeys(one.instance_type for one in priced if not one.price_given)
    named = [on_one_line(kind) for kind in others if kind is not None]
    return ", ".join(["at your prices", *([f"{listed(named, ' and ')} on demand"] if named else [])])


def dearer(planned: Planned, row: int, than: int) -> str:
    """How much more a fleet costs a month than another: `$60 more`, `the same`; nothing without both prices."""
    prices = planned.fleets[row].usd_per_month, planned.fleets[than].usd_per_month
    if prices[0] is None or prices[1] is None:
        return ""
    extra = prices[0] - prices[1]
    return "the same" if abs(extra) < 0.005 else f"{units.show_dollars(abs(extra))} {'less' if extra < 0 else 'more'}"


def in_grid(planned: Planned) -> list[int]:
    """The rows of the grid: the fleet that runs now may be none of them."""
    return [
        row
        for row, one in enumerate(planned.fleets)
        if row != planned.current or all(one.values.get(field) in of for field, of in planned.grid.items())
    ]


def nearest(lines: Sequence[FleetLine]) -> FleetLine | None:
    """The line that decides: of those that fail the one that is missed by most, else the one with the least room.

    What costs or tasks come to is certain: such a line is named only where no other is; nor is a recovery, which has
    words of its own. None without a value.
    """
    known = [line for line in lines if line.value is not None]
    known = [line for line in known if not is_recovery(line)] or known
    random = [line for line in known if line.interval is not None or line.verdict != "pass"]
    return min(random or known, key=badness, default=None)


def judged(planned: Planned, row: int) -> Sequence[FleetLine]:
    """The lines of a fleet: as estimated on seeds that chose nothing, where they were, else as it was decided by."""
    fresh = [line for one in planned.estimates if one.fleet == row for line in one.lines]
    estimated = {(line.text, line.when) for line in fresh}
    return [*fresh, *(line for line in planned.fleets[row].lines if (line.text, line.when) not in estimated)]


def decides(planned: Planned, row: int) -> FleetLine | None:
    """The line that says why a fleet is what it is; None where none does: arithmetic alone turned it down."""
    one, lines = planned.fleets[row], judged(planned, row)
    if one.state != "turned down":
        return nearest(lines)
    return nearest([line for line in lines if _is_beyond(line)] or [line for line in one.lines if _is_beyond(line)])


def _is_beyond(line: FleetLine) -> bool:
    """Whether a figure lies beyond its limit, surely or not."""
    if line.value is None or line.verdict != "undecided":
        return line.verdict == "fail"
    return line.value < line.limit if ">" in line.text else line.value > line.limit


def found(line: FleetLine) -> str:
    """What was found, as coarse as its interval is wide: `0.4 % (0.3 to 0.5) of calls over 500 ms`."""
    return _of_what(line, _amount(in_minutes(line)))


def _amount(line: FleetLine) -> str:
    if line.value is None or line.interval is None or line.interval[0] == line.interval[1]:
        return amount(line)
    value, low, high = _rounded(line, (line.value, *line.interval))
    return f"{value}{unit(line)} ({low} to {high})"


def recovers(line: FleetLine) -> str:
    """What follows a loss: `after the loss of an instance inside again in 3.2 min (2.1 to 4.3)`."""
    loss = on_one_line(line.when or line.figure)
    if line.value == 0.0:
        return f"{loss} breaks no limit"
    return f"after {loss} inside again in {_amount(in_minutes(line))}"


def amount(line: FleetLine) -> str:
    """A value with its interval, as a table has them: `0.12 % [0.08, 0.17]`, `1.5 min`."""
    line = in_minutes(line)
    if is_recovery(line) and line.value is not None and (line.interval is None or len(set(line.interval)) == 1):
        return f"{units.show_number(line.value)}{unit(line)}"
    return with_interval(line.unit, line.value, line.interval)


def in_minutes(line: FleetLine) -> FleetLine:
    """A recovery in the unit that it is known in; any other line as it is."""
    if not is_recovery(line) or line.unit != "ms":
        return line
    value, ends = line.value, line.interval
    changes = {
        "unit": "min",
        "value": None if value is None else value / MS_PER_MIN,
        "interval": None if ends is None else (ends[0] / MS_PER_MIN, ends[1] / MS_PER_MIN),
        "limit": line.limit / MS_PER_MIN,
    }
    return line.model_copy(update=changes)


def roughly(line: FleetLine) -> str:
    """The same with the larger half of the interval: `2.1 % +- 0.3 of calls over 500 ms`."""
    line = in_minutes(line)
    if line.value is None or line.interval is None or line.interval[0] == line.interval[1]:
        return found(line)
    half = max(line.interval[1] - line.value, line.value - line.interval[0])
    value, width = _rounded(line, (line.value, half))
    return _of_what(line, f"{value}{unit(line)} +- {width}")


def _rounded(line: FleetLine, amounts: Sequence[float]) -> list[str]:
    """Amounts with one digit of half the interval, and more where one would be on the wrong side of the limit."""
    assert line.interval is not None  # what has none is not rounded
    scale = 100.0 if line.unit == "share" else 1.0
    half, limit = scale * (line.interval[1] - line.interval[0]) / 2.0, scale * line.limit
    given = [scale * amount for amount in amounts]
    least = min(MOST_DECIMALS, max(0, -math.floor(math.log10(half))))
    enough = (more for more in range(least, MOST_DECIMALS) if all(_on_its_side(one, limit, more) for one in given))
    decimals = next(enough, least)
    return [_with_decimals(one, decimals) for one in given]


def _with_decimals(amount: float, decimals: int) -> str:
    """The amount; what is too small to be seen is not called nothing: `<0.01`."""
    if amount in (0.0, 100.0):
        return f"{amount:.0f}"
    return f"<{10.0**-decimals:.{decimals}f}" if 0.0 < amount < 0.5 * 10.0**-decimals else f"{amount:,.{decimals}f}"


def _on_its_side(amount: float, limit: float, decimals: int) -> bool:
    rounded = round(amount, decimals)
    return (rounded < limit, rounded > limit) == (amount < limit, amount > limit)


def unit(line: FleetLine) -> str:
    """What stands behind an amount: ` %`, ` ms`, nothing for a count."""
    return " %" if line.unit == "share" else SIGNS.get(line.unit, f" {line.unit}")


def in_table(line: FleetLine) -> str:
    """The same with what it is compared with: `0.41 % [0.31, 0.52] of calls over 500 ms, limit 1 %`."""
    line = in_minutes(line)
    if is_recovery(line):
        limit = f"{units.show_number(line.limit)}{unit(line)}"
    else:
        limit = f"{formats.in_percent(line.limit):.12g} %" if line.unit == "share" else quantity(line.unit, line.limit)
    return f"{_of_what(line, amount(line))}, limit {limit}"


def _of_what(line: FleetLine, shown: str) -> str:
    if is_recovery(line):
        return f"{shown} to be inside again after {on_one_line(line.when or line.figure)}"
    named, besides = of_what(line), "" if line.when is None else f" with {on_one_line(line.when)}"
    return f"{shown} of {named}{besides}" if is_share_over(line) else f"{named} {shown}{besides}".strip()


def of_what(line: FleetLine) -> str:
    """The figure in words: `calls over 500 ms`, `cold calls of tenant over 2 s`, `cache_hit_ratio`."""
    figure = on_one_line(line.figure)
    if not is_share_over(line):
        return figure
    try:
        expected = read_expectation(line.text)
    except Refused:
        return f"calls over {figure.removeprefix(OVER).strip()}"
    calls = expected.calls.in_words
    return f"{'calls' if calls == 'all calls' else calls} over {expected.show(expected.limit)}"


def is_share_over(line: FleetLine) -> bool:
    """Whether the figure is a share of the calls: those over a limit of time."""
    return on_one_line(line.figure).startswith(OVER)


def limits(binds: Mapping[str, int]) -> str:
    """What limits fleets, and how many of them: `memory in 12, CPU in 3`."""
    return ", ".join(f"{constraint(one)} in {count:,}" for one, count in binds.items() if one != UNKNOWN)


def constraint(binds: str) -> str:
    """What binds by its name: `load slots`."""
    return NAMES.get(binds, on_one_line(binds))


def listed(names: Iterable[str], joint: str = "; ") -> str:
    """The first few, and how many more there are."""
    every = list(names)
    more = [f"and {len(every) - MOST_NAMED:,} more"] if len(every) > MOST_NAMED else []
    return joint.join([*every[:MOST_NAMED], *more])


def sentence(reason: str | None) -> str:
    """A reason as part of a sentence; nothing without one."""
    return on_one_line(reason or "").rstrip(".")
