"""What a picture of a comparison shows: b as multiples of a, what a difference is for the reader, and what differs."""

from __future__ import annotations

from collections.abc import Iterable

from mmesim.results.comparison.compare import Delta
from mmesim.scenario.figures import SHOWN_UNITS, find
from mmesim.scenario.file.changes import changes
from mmesim.scenario.scenario import Scenario

LEAST = 0.5
"""An interval that reaches down to nothing is cut at this share of the smallest: there is no 0 on the axis."""
MOST_CHANGES = 3
"""Fields that differ which a title can hold."""


def title_of(a: Scenario, b: Scenario) -> str:
    """The names of both; of two scenarios of one name, such as those made with `with_`, what differs."""
    different = changes(a, b) if a.name == b.name else ()
    if not different:
        return f"a: {a.name}\nb: {b.name}"
    shown = [f"{one.field}: {one.a} \N{RIGHTWARDS ARROW} {one.b}" for one in different[:MOST_CHANGES]]
    more = len(different) - len(shown)
    return "\n".join([a.name, *shown, *([f"and {more} more"] if more else [])])


def label_of(delta: Delta) -> str:
    """The figure in words with its unit, as an axis names it: `p99 latency [ms]`; a share says its % in each value."""
    found = find(delta.name)
    title = delta.name.replace("share_over", "calls over") if found is None else found.title
    unit = SHOWN_UNITS[delta.kind] if found is None else found.unit
    return title if not unit or delta.kind == "share" else f"{title} [{unit}]"


def kind_of(delta: Delta) -> str:
    """What a difference is for the reader: better, worse, undecided, none at all, or neither good nor bad."""
    return delta.effect or {"undecided": "undecided", "same": "the same"}.get(delta.direction, "neither good nor bad")


def has_both(delta: Delta) -> bool:
    """Whether b is a multiple of a, neither of which is 0."""
    return bool(delta.a.value and delta.b.value)


def multiples(delta: Delta) -> tuple[float, float, float]:
    """B and the ends of its interval as multiples of a; without an interval the value stands for both ends."""
    assert delta.difference.value is not None  # only figures with a difference are drawn
    assert delta.a.value
    low, high = delta.difference.ci95 or (delta.difference.value, delta.difference.value)
    return 1.0 + delta.difference.value / delta.a.value, 1.0 + low / delta.a.value, 1.0 + high / delta.a.value


def least_multiple(of: Iterable[Delta]) -> float:
    """Where intervals that reach down to nothing are cut in a picture of these figures."""
    return LEAST * min((multiples(delta)[0] for delta in of if has_both(delta)), default=1.0)


def why_no_multiple(delta: Delta) -> str:
    """Why b cannot be given as a multiple of a."""
    return "0 in b" if delta.a.value else "0 in a"
