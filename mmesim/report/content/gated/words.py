"""What every report of a gate says in the same words: its answer, and what was found of each line of `expect`.

All of it comes from `Gated` (`mmesim.results.answers.gated`) alone, which is also what `--json` writes: a report can be
made of a file as well as of a gate that has just ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from mmesim import units
from mmesim.report import formats, phrases
from mmesim.report.plain import harmless_line
from mmesim.results.answers.sections import WORST_FIRST, Verdict
from mmesim.scenario.run.expected import RECOVERY
from mmesim.scenario.run.selection import time_span

if TYPE_CHECKING:
    from mmesim.results.answers.gated import Gated, GatedLine, GatedScenario

TICKS: Mapping[str, str] = MappingProxyType({"pass": "✓", "fail": "✗", "undecided": "?"})
STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"pass": ("passes", "pass"), "fail": ("fails", "fail"), "undecided": ("is undecided", "are undecided")}
)
"""What is said of one limit with a verdict, and of several."""
MOST_NAMED = 3
"""Limits that the answer names; beyond, they are counted."""
NO_NUMBER = "no number of replications would decide it"
OVER = "share_over"
"""How the name of the figure begins that decides a limit of a percentile: the share of calls over it."""
SIGNS: Mapping[str, str] = MappingProxyType({"": "", "1": "", "count": "", "1/s": " /s"})
"""Units that are not written as they are named."""


@dataclass(frozen=True)
class Asked:
    """A line of `expect` with what was found: one entry, or one for each window of `in every`."""

    text: str
    lines: tuple[GatedLine, ...]

    @property
    def worst(self) -> GatedLine:
        """What decides: the line that fails first, and of equals the one with the smallest margin."""
        return min(self.lines, key=_badness)

    @property
    def verdict(self) -> Verdict:
        """That of the worst."""
        return self.worst.verdict


def _badness(line: GatedLine) -> tuple[int, float]:
    return WORST_FIRST.index(line.verdict), 0.0 if line.margin is None else line.margin


def grouped(lines: Sequence[GatedLine]) -> tuple[Asked, ...]:
    """The lines in their order, windows of one line of `expect` together."""
    found: dict[str, list[GatedLine]] = {}
    for line in lines:
        found.setdefault(line.text, []).append(line)
    return tuple(Asked(on_one_line(text), tuple(its)) for text, its in found.items())


def on_one_line(text: str) -> str:
    """A text of the user as it can stand in a sentence or a cell."""
    return harmless_line(" ".join(text.split()))


def title(scenario: GatedScenario) -> str:
    """The name of a scenario's section."""
    return f"{TICKS[scenario.verdict]} {on_one_line(scenario.file)}"


def mark(verdict: Verdict) -> str:
    """The verdict with its tick: `✓ pass`, `✗ FAIL`, `? UNDECIDED`."""
    return f"{TICKS[verdict]} {phrases.VERDICTS[verdict][0]}"


def quantity(unit: str, value: float | None) -> str:
    """A value in its unit: `312 ms`, `0.12 %`, `3 /s`; a dash when there is none."""
    if value is None:
        return formats.DASH
    if unit == "share":
        return formats.share(value)
    return f"{formats.number(value)}{SIGNS.get(unit, f' {unit}')}"


def with_interval(unit: str, value: float | None, ends: tuple[float, float] | None) -> str:
    """A value in its unit and its interval: `0.12 % [0.08, 0.17]`."""
    if value is None or ends is None or ends[0] == ends[1]:
        return quantity(unit, value)
    shown = {"value": value, "ci95": list(ends)}
    interval = formats.percent_interval(shown) if unit == "share" else formats.interval(shown)
    return f"{quantity(unit, value)} {interval}"


def signed(unit: str, difference: float | None, ends: tuple[float, float] | None) -> str:
    """A difference with its sign and its interval; that of a share in percentage points: `+1.3 pt [0.9, 1.7]`."""
    if difference is None:
        return formats.DASH
    sign = "+" if difference > 0 else ""
    if unit != "share":
        return sign + with_interval(unit, difference, ends)
    shown = {"value": difference, "ci95": None if ends is None else list(ends)}
    points = f"{sign}{formats.number(formats.in_percent(difference))} pt"
    return f"{points} {formats.percent_interval(shown)}".rstrip()


def margin(line: GatedLine) -> str:
    """How far inside the limit, `+88 %`, or beyond it, `-3.1 %`; nothing where that cannot be said."""
    if line.margin is None:
        return ""
    percent = 100.0 * line.margin
    return f"{'+' if percent > 0 else ''}{formats.number(percent, 2)} %"


def found(line: GatedLine) -> str:
    """The figure that the line names, and what was compared with the limit where that is another one."""
    value = with_interval(line.unit, line.value, line.interval)
    if line.figure.startswith(f"{RECOVERY} ") and line.value is not None:
        low, high = line.interval or (line.value, line.value)
        value, *ends = (units.show_seconds(one / 1000.0) for one in (line.value, low, high))
        return value if low == high else f"{value} [{', '.join(ends)}]"
    if not line.figure.startswith(OVER):
        return value
    named = "" if line.shown_value is None else f"{quantity(line.shown_unit, line.shown_value)}; "
    limit = f"{100.0 * line.limit:.12g} %" if line.unit == "share" else quantity(line.unit, line.limit)
    return f"{named}{value} slower, limit {limit}"


def judged_on(scenario: GatedScenario) -> str:
    """How many replications were judged, and what one of them is."""
    count, design = phrases.plural(scenario.replications, "replication"), scenario.design
    if design is None or design.length == 1:
        return count
    each = f"{design.length:,} x run.duration" if design.joined else f"the mean of {design.length:,} runs"
    return f"{count}, each {each}"


def window(line: GatedLine) -> str:
    """The window that a line is about, in words; nothing for the whole measured time."""
    return "" if line.between_s is None else time_span(*line.between_s)


def of(one: Asked) -> str:
    """What was found of a line of `expect`: of several windows that of the worst, and how many are like it."""
    worst = one.worst
    if worst.between_s is None:
        return found(worst)
    here = f"{window(worst)}: {found(worst)}"
    if len(one.lines) == 1:
        return here
    alike = sum(line.verdict == worst.verdict for line in one.lines)
    count = "all" if alike == len(one.lines) else f"{alike} of"
    state = STATES[worst.verdict][alike > 1]
    return f"{count} {len(one.lines):,} windows {state}; the worst, {here}"


def notes(one: Asked) -> Iterator[str]:
    """What the reader has to know of a verdict: why a line is open and what would close it, or what it rests on."""
    worst = one.worst
    if worst.verdict == "undecided":
        why, needed = reason(worst), more(one)
        # Where no number would do, the reason is one why.
        yield "; ".join(part for part in (why, "" if why and needed == NO_NUMBER else needed) if part)
    elif reason(worst) and (worst.verdict, worst.decided_by) != ("pass", "as it is"):
        yield reason(worst)
    if any(line.joined_windows > 1 for line in one.lines):
        yield "windows with too few calls are joined with the next"


def more(one: Asked) -> str:
    """How many more replications an undecided line needs: the most that one of its windows does."""
    needed = [line.needed for line in one.lines if line.verdict == "undecided"]
    if any(count is None for count in needed):
        return NO_NUMBER
    most = max((count for count in needed if count is not None), default=0)
    return f"about {phrases.plural(int(float(f'{most:.2g}')), 'more replication')} would decide it"


def reason(line: GatedLine) -> str:
    """The reason of a line as part of a sentence; nothing without one."""
    return on_one_line(line.reason or "").rstrip(".")


def counted(gated: Gated) -> list[tuple[GatedScenario, Asked]]:
    """Every line of `expect` of every scenario."""
    return [(scenario, one) for scenario in gated.scenarios for one in grouped(scenario.lines)]


def answer(gated: Gated) -> str:
    """The verdict in one sentence, with what decides it."""
    everything = counted(gated)
    bad = [(scenario, one) for scenario, one in everything if one.verdict == gated.verdict != "pass"]
    parts = [] if gated.verdict != "pass" else [all_hold(gated)]
    if bad:
        parts.append(
            f"{len(bad):,} of {len(everything):,} limits, {_named(gated, bad)}"
            if len(everything) > 1
            else _named(gated, bad)
        )
    parts += [
        f"{on_one_line(scenario.file)} cannot be judged" for scenario in gated.scenarios if scenario.error is not None
    ]
    if count := changed(gated):
        parts.append(f"{phrases.plural(count, 'figure')} changed since the baseline")
    return f"{phrases.VERDICTS[gated.verdict][0]}: {'; '.join(parts) or 'no line says why'}"


def changed(gated: Gated) -> int:
    """How many figures have changed since the baselines."""
    return sum(delta.changed for one in gated.scenarios if one.drift is not None for delta in one.drift.deltas)


def all_hold(gated: Gated) -> str:
    """How many limits hold, when all do."""
    count = len(counted(gated))
    of_scenarios = f" of {phrases.plural(len(gated.scenarios), 'scenario')}" if len(gated.scenarios) > 1 else ""
    few = {0: "nothing is expected", 1: "the limit holds", 2: f"both limits{of_scenarios} hold"}
    return few.get(count, f"all {count:,} limits{of_scenarios} hold")


def _named(gated: Gated, bad: Sequence[tuple[GatedScenario, Asked]]) -> str:
    """The first few of the lines at fault; of open ones also what would close them."""
    label = labels(gated)
    said = []
    for scenario, one in bad[:MOST_NAMED]:
        where = f" ({label[scenario.file]})" if len(gated.scenarios) > 1 else ""
        said.append(f"{one.text}{where}" + (f": {more(one)}" if one.verdict == "undecided" else ""))
    if len(bad) > MOST_NAMED:
        said.append(f"and {len(bad) - MOST_NAMED:,} more")
    return ", ".join(said)


def labels(gated: Gated) -> dict[str, str]:
    """What each file is called: the name of its scenario, where no other has it, else the file."""
    names = Counter(scenario.name for scenario in gated.scenarios)
    return {
        scenario.file: on_one_line(scenario.name if scenario.name and names[scenario.name] == 1 else scenario.file)
        for scenario in gated.scenarios
    }
