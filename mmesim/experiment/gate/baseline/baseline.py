"""A scenario beside its baseline: the same replications on the same random numbers, then and now.

What both have in common cancels, so the interval is that of the mean of the differences of the pairs (common random
numbers; A. Law, Simulation Modeling and Analysis, 11.2). A comparison has the length and the number of replications of
the baseline, whatever design the verdict needs.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmesim.experiment.gate.baseline.unchanged import EXACT, KEPT, tolerance, whole
from mmesim.results.answers.gated import Delta, Design, Drift
from mmesim.results.comparison import semantics
from mmesim.results.comparison.baseline import FORMAT, Baseline, Origin, Series
from mmesim.results.folder.provenance import user_code
from mmesim.scenario.file.changes import given, resolved
from mmesim.scenario.file.load import PATHS
from mmesim.scenario.scenario import Scenario

NOT_COMPARED = ("name", "run.replications", "run.until", "run.max_replications")
"""Fields of a scenario that say nothing about the figures of a gate."""

DEFAULTS = "what was not given"
"""In place of a field: a default, a preset or the catalogue has changed."""

SHOWN_DIGITS = 12
"""Of the SHA-256 of a file."""


def baseline_of(scenario: Scenario, folder: Path, design: Design, figures: Mapping[str, Series]) -> Baseline:
    """The baseline of a scenario whose file is in a folder, from the replications of its gate."""
    return Baseline(
        baseline_of=scenario.name,
        format=FORMAT,
        made_with=Origin.here(),
        scenario_sha256=_sha256(scenario, folder),
        fields=_given(scenario, folder),
        files=dict(_files(scenario)),
        length=design.length,
        joined=design.joined,
        looks=design.looks,
        replications=max(len(one.values) for one in figures.values()),
        figures=dict(figures),
    )


def compare(baseline: Baseline, file: Path, figures: Mapping[str, Series], scenario: Scenario, folder: Path) -> Drift:
    """What differs from the baseline in a file; `figures` are of as many replications, on the same random numbers."""
    fields = list(_changed_fields(baseline, scenario, folder))
    # A figure that only an expectation of then asked for is not looked at; the others are missed.
    now = {name: one for name, one in figures.items() if name in baseline.figures}
    pairs = [(name, then, now.get(name)) for name, then in baseline.figures.items() if name in now or name in KEPT]
    deltas = [_delta(*pair) for pair in pairs]
    why_not = [one.sentence for one in semantics.since(baseline.made_with.semantics)]
    if not why_not and not fields:
        same = all(_is_same(then, now) for _, then, now in pairs)
        why_not += _unexplained(baseline.made_with, same, any(one.changed for one in deltas))
    return Drift(
        baseline=str(file),
        made_with=baseline.made_with.mmesim,
        same_results=not why_not,
        why_not=why_not,
        fields=fields,
        deltas=deltas,
    )


def _unexplained(then: Origin, same: bool, changed: bool) -> Iterator[str]:
    """Why figures differ although neither the scenario nor its semantics has; elsewhere last digits always may."""
    others = then.other_than(Origin.here())
    if others and changed:
        yield f"its figures were made with {', '.join(others)}: last digits may differ, and what follows from them"
    elif not others and not same:
        yield "no entry of its changelog of semantics says why: please report it"


def _changed_fields(
    baseline: Baseline, scenario: Scenario, folder: Path
) -> Iterator[tuple[str, str | None, str | None]]:
    """Path, value then and value now of each field that has changed, and of each file with other content."""
    if baseline.scenario_sha256 != _sha256(scenario, folder):
        found = list(_changed(baseline.fields, _given(scenario, folder)))
        yield from found or [(DEFAULTS, None, None)]
    now = dict(_files(scenario))
    yield from (
        (f"{name} (SHA-256)", baseline.files[name], now[name])
        for name in baseline.files
        if name in now and now[name] != baseline.files[name]
    )


def _changed(then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[tuple[str, str | None, str | None]]:
    for name in {**then, **now}:
        if then.get(name) != now.get(name):
            yield name, then.get(name), now.get(name)


def _given(scenario: Scenario, folder: Path) -> dict[str, str]:
    return {name: text for name, text in given(scenario, folder).items() if name not in NOT_COMPARED}


def _sha256(scenario: Scenario, folder: Path) -> str:
    fields = {name: text for name, text in resolved(scenario, folder).items() if name not in NOT_COMPARED}
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def _files(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """The field that names a file, or the function in one, and the beginning of the SHA-256 of its content."""
    data = scenario.model_dump(mode="json", by_alias=True)
    for pattern in PATHS:
        for name, path in _found(data, pattern):
            if Path(path).is_file():  # else the simulation says what is wrong
                yield name, hashlib.sha256(Path(path).read_bytes()).hexdigest()[:SHOWN_DIGITS]
    for code in user_code(scenario):
        if code.sha256 is not None:
            yield f"{code.role} {code.function}", code.sha256[:SHOWN_DIGITS]


def _found(data: Any, pattern: Sequence[str], way: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """The values at a pattern of steps; an item of a list goes by its name."""
    if not pattern:
        if isinstance(data, str):
            yield ".".join(way), data
    elif pattern[0] == "*":
        for index, item in enumerate(data if isinstance(data, list) else []):
            yield from _found(item, pattern[1:], (*way, str(item.get("name", index))))
    elif isinstance(data, dict) and pattern[0] in data:
        yield from _found(data[pattern[0]], pattern[1:], (*way, pattern[0]))


def _is_same(then: Series, now: Series | None) -> bool:
    """Whether every replication has the same figure, but for the order of additions."""
    if now is None or len(then.values) != len(now.values):
        return False
    return all(_equal(x, y) for x, y in zip(then.values, now.values, strict=True))


def _equal(x: float | None, y: float | None) -> bool:
    return x == y if x is None or y is None else abs(x - y) <= EXACT * max(abs(x), abs(y))


def _delta(name: str, then: Series, now: Series | None) -> Delta:
    allowed = tolerance(name, then.unit)
    values = [None] * len(then.values) if now is None else now.values
    pairs = [(x, y) for x, y in zip(then.values, values, strict=True) if x is not None and y is not None]
    before, after = _mean([x for x in then.values if x is not None]), _mean([y for y in values if y is not None])
    differences = [y - x for x, y in pairs]
    interval = _interval(differences)
    if 2 * len(pairs) < sum(x is not None for x in then.values):
        changed = True  # most replications no longer have it
    elif allowed <= EXACT or all(_equal(x, y) for x, y in pairs):
        changed = not all(_equal(x, y) for x, y in pairs)
    else:
        most = allowed * whole(name, then.unit, math.fsum(x for x, _ in pairs) / len(pairs))
        changed = interval is not None and (interval[0] > most or interval[1] < -most)
    return Delta(
        figure=name,
        unit=then.unit,
        before=before,
        after=after,
        difference=_mean(differences),
        interval=interval,
        tolerance=allowed,
        changed=changed,
    )


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _interval(differences: Sequence[float]) -> tuple[float, float] | None:
    """95 % of the mean of the differences of pairs."""
    if not any(differences):
        return (0.0, 0.0) if len(differences) > 1 else None
    from mmesim.stats.means import mean_interval  # brings SciPy: not needed when nothing changed

    return mean_interval(differences)
