"""The answer under every setting of what AWS does not publish: in how many it holds, and where it flips."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mmesim import __version__, units
from mmesim.results.answers.digits import plain
from mmesim.results.answers.sections import SteadyState, Verdict
from mmesim.scenario.run.expect import read_expectation
from mmesim.scenario.scenario import Scenario
from mmesim.stats.intervals import Estimate

if TYPE_CHECKING:
    import pandas as pd

AS_GIVEN = "as in the scenario"


@dataclass(frozen=True)
class Outcome:
    """One setting: its name, how to write it with `--set`, and what came of it.

    `verdict`: on everything that is expected, None when nothing is. `expect`: the entries of the summary. `figures`:
    those that are shown in `robustness`, by key; times in milliseconds, shares 0..1. `steady_state`: the verdict on the
    measured time.
    """

    name: str
    overrides: tuple[str, ...]
    verdict: Verdict | None
    expect: tuple[Mapping[str, Any], ...]
    figures: Mapping[str, Estimate]
    steady_state: SteadyState
    self_check: str | None = None

    @property
    def changes(self) -> tuple[str, ...]:
        """What it sets, such as `endpoint.load_slots = 1`; nothing for the scenario as it is."""
        return () if self.name == AS_GIVEN else tuple(self.name.split(", "))


@dataclass(frozen=True)
class LeftOut:
    """A setting that is impossible for the scenario, and why."""

    name: str
    reason: str


@dataclass(frozen=True, repr=False)
class Robustness:
    """The outcome of every setting, first that of the scenario as it is; `full`: all combinations were simulated."""

    scenario: Scenario
    replications: int
    full: bool
    outcomes: tuple[Outcome, ...]
    left_out: tuple[LeftOut, ...] = ()

    def __repr__(self) -> str:
        return f"Robustness({self.scenario.name!r}: {self.answer})"

    def with_verdict(self, verdict: Verdict) -> tuple[Outcome, ...]:
        """The settings with this verdict on everything that is expected."""
        return tuple(outcome for outcome in self.outcomes if outcome.verdict == verdict)

    @property
    def by_change(self) -> Mapping[str, Mapping[Verdict, int]]:
        """How many of the settings with each change have each verdict; those as in the scenario count for none."""
        verdicts: tuple[Verdict, ...] = ("pass", "fail", "undecided")
        found: dict[str, dict[Verdict, int]] = {}
        for outcome in sorted(self.outcomes, key=lambda one: len(one.changes)):
            for change in outcome.changes:
                counts = found.setdefault(change, dict.fromkeys(verdicts, 0))
                if outcome.verdict is not None:
                    counts[outcome.verdict] += 1
        return found

    @property
    def verdict(self) -> Verdict | None:
        """pass: it holds in all settings; fail: it fails in one; else undecided. None when nothing is expected."""
        verdicts = [outcome.verdict for outcome in self.outcomes]
        if None in verdicts:
            return None
        return "fail" if "fail" in verdicts else "undecided" if "undecided" in verdicts else "pass"

    @property
    def answer(self) -> str:
        """One sentence: in how many settings it holds, where it flips and where it is undecided."""
        return "; ".join(self._parts())

    def _parts(self) -> Iterator[str]:
        count = f"{len(self.outcomes)} settings of what AWS does not publish"
        as_given = self.outcomes[0].verdict
        if as_given is None:
            yield f"nothing is expected; over {count} {self._range()}"
            return
        yield f"holds in {len(self.with_verdict('pass'))} of {count}"
        failing, holding = self.with_verdict("fail"), self.with_verdict("pass")
        if as_given == "pass" and failing:
            yield f"flips if {_listed(failing)}"
        elif as_given == "fail":
            yield f"fails {_listed(self.outcomes[:1])}"
            if holding:
                yield f"flips if {_listed(holding)}"
        elif as_given == "undecided" and failing:
            yield f"fails if {_listed(failing)}"
        undecided = self.with_verdict("undecided")
        if as_given == "undecided":
            yield f"undecided {AS_GIVEN}" + (f" and if {_listed(undecided[1:])}" if undecided[1:] else "")
        elif undecided:
            yield f"undecided if {_listed(undecided)}"

    def _range(self) -> str:
        """Between what the first figure with values lies that says something."""
        for name in ("p99", "mean"):
            known = [outcome.figures[name].value for outcome in self.outcomes]
            values = [value for value in known if value is not None]
            if len(values) == len(known):
                return f"{name} lies between {units.show_ms(min(values) / 1e3)} and {units.show_ms(max(values) / 1e3)}"
        return "no latency is known in all of them"

    @property
    def self_check(self) -> str | None:
        """What is wrong when the simulator contradicted itself, None when it did not."""
        return next((outcome.self_check for outcome in self.outcomes if outcome.self_check is not None), None)

    @property
    def frame(self) -> pd.DataFrame:
        """One row a setting: verdict on all, verdict on each expectation, figures with low and high ends."""
        import pandas as pd

        rows = []
        for outcome in self.outcomes:
            row: dict[str, object] = {"setting": outcome.name, "verdict": outcome.verdict}
            row |= {entry["text"]: entry["verdict"] for entry in outcome.expect}
            for name, estimate in outcome.figures.items():
                low, high = estimate.ci95 or (None, None)
                row |= {name: estimate.value, f"{name}_low": low, f"{name}_high": high}
            rows.append(row)
        return pd.DataFrame(rows).set_index("setting")

    @cached_property
    def data(self) -> dict[str, object]:
        """The `robustness` field of summary.json."""
        return {
            "answer": self.answer,
            "verdict": self.verdict,
            "holds": len(self.with_verdict("pass")),
            "fails": len(self.with_verdict("fail")),
            "undecided": len(self.with_verdict("undecided")),
            "replications": self.replications,
            "full": self.full,
            "settings": [
                {
                    "name": outcome.name,
                    "overrides": list(outcome.overrides),
                    "verdict": outcome.verdict,
                    "expect": [dict(entry) for entry in outcome.expect],
                    "figures": {name: estimate.as_dict() for name, estimate in outcome.figures.items()},
                    "steady_state": outcome.steady_state.model_dump(),
                }
                for outcome in self.outcomes
            ],
            "left_out": [{"name": one.name, "reason": one.reason} for one in self.left_out],
        }

    def to_json(self) -> str:
        """What `mmesim robustness --json` prints."""
        head = {"scenario": self.scenario.name, "version": __version__, "seed": self.scenario.run.seed}
        data = plain(head | {"robustness": self.data}, "robustness")
        return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def _repr_html_(self) -> str:
        from html import escape

        html: str = self.frame.to_html()
        return f"<p>{escape(self.answer)}</p>{html}"


def _listed(outcomes: Sequence[Outcome]) -> str:
    """The settings by name; of many those with the fewest changes, and how many more there are."""
    shown = outcomes
    if len(outcomes) > MOST_LISTED:
        shown = sorted(outcomes, key=lambda outcome: len(outcome.changes))[:FIRST_LISTED]
    names = ", or ".join(f"{outcome.name}{_why(outcome)}" for outcome in shown)
    left = len(outcomes) - len(shown)
    return f"{names}, or with {left} more settings" if left else names


MOST_LISTED, FIRST_LISTED = 8, 2
"""Settings that one sentence can name, and how many it names of more."""


def _why(outcome: Outcome) -> str:
    """What is not met, in brackets."""
    missed = [f"{entry['text']}: {_found(entry)}" for entry in outcome.expect if entry["verdict"] != "pass"]
    return f" ({'; '.join(missed)})" if missed else ""


def _found(entry: Mapping[str, Any]) -> str:
    """The figure that decided."""
    decided = entry["decided_on"]
    if decided["value"] is None:
        return str(decided["by"])
    if decided["metric"].startswith("share_over"):
        # A limit on a quantile is decided on the calls beyond it.
        slower = _with_interval(entry, units.show_fraction)
        return f"{slower} slower, limit {units.show_fraction(decided['limit'])}"
    expectation = read_expectation(entry["text"])
    return _with_interval(entry, lambda value: expectation.show(value / (1e3 if expectation.kind == "ms" else 1.0)))


def _with_interval(entry: Mapping[str, Any], show: Callable[[float], str]) -> str:
    """The value; where it is undecided with its interval, since the value alone may look as if it passed."""
    decided = entry["decided_on"]
    value = show(decided["value"])
    if entry["verdict"] != "undecided" or decided["ci95"] is None:
        return value
    low, high = (show(end) for end in decided["ci95"])
    return f"{value} [{low}, {high}]"
