"""From the benchmarks' JSON file to figures: samples, rates, ratios, and whether a goal is met."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from mmesim.errors import UserError


@dataclass(frozen=True)
class Sample:
    """One timed run: its round, seconds on the clock and of CPU time, how much it did, and further facts."""

    number: int
    wall_s: float
    cpu_s: float
    units: int
    facts: Mapping[str, float]

    @property
    def wall_rate(self) -> float:
        """Units per second on the clock."""
        return self.units / self.wall_s

    @property
    def cpu_rate(self) -> float:
        """Units per second of CPU time: the rate on a core that nobody else uses."""
        return self.units / self.cpu_s


@dataclass(frozen=True)
class Bench:
    """All that one `make bench` measured; `samples` in order of the rounds, by case."""

    cpu: str
    cores: int
    system: str
    versions: Mapping[str, str]
    date: str
    samples: Mapping[str, tuple[Sample, ...]]

    def of(self, case: str) -> tuple[Sample, ...]:
        """The samples of a case; UserError when it was not run."""
        if case not in self.samples:
            raise UserError(f"the benchmarks have no case {case!r}: run all of them")
        return self.samples[case]

    def middle(self, case: str, value: Callable[[Sample], float]) -> float:
        """Median over the rounds."""
        return median(value(sample) for sample in self.of(case))

    def fact(self, case: str, name: str) -> float:
        """Median of a fact over the rounds."""
        return self.middle(case, lambda sample: sample.facts[name])

    def core_share(self) -> float:
        """Share of a core that the benchmarks got, over all timed runs."""
        every = [sample for samples in self.samples.values() for sample in samples]
        return sum(sample.cpu_s for sample in every) / sum(sample.wall_s for sample in every)

    def rounds(self) -> int:
        """Most samples of one case."""
        return max(len(samples) for samples in self.samples.values())


@dataclass(frozen=True)
class Ratio:
    """Median, lowest and highest of a ratio that was taken in each round."""

    middle: float
    low: float
    high: float


def read(document: Mapping[str, Any]) -> Bench:
    """What pytest-benchmark wrote with `--benchmark-json`."""
    machine = document["machine_info"]
    samples: dict[str, list[Sample]] = {}
    for entry in document["benchmarks"]:
        extra = entry["extra_info"]
        if "case" not in extra:
            raise UserError(f"{entry['name']} has failed: no table without it")
        (wall_s,) = entry["stats"]["data"]
        wall_s = extra["facts"].get("wall_s", wall_s)  # of a process that has timed itself
        sample = Sample(extra["round"], wall_s, extra["cpu_s"], extra["units"], extra["facts"])
        samples.setdefault(extra["case"], []).append(sample)
    return Bench(
        cpu=machine["cpu"].get("brand_raw", machine["machine"]),
        cores=machine["cpu"]["count"],
        system=f"{machine['system']} {machine['machine']}",
        versions={"Python": machine["python_version"], **machine["libraries"]},
        date=document["datetime"][:10],
        samples={case: tuple(sorted(each, key=lambda sample: sample.number)) for case, each in samples.items()},
    )


def ratio(upper: Sequence[Sample], lower: Sequence[Sample], value: Callable[[Sample], float]) -> Ratio:
    """`value` of one case over that of another, round by round: what slows a round down hits both."""
    pairs = zip(upper, lower, strict=True)
    ratios = [value(a) / value(b) for a, b in pairs]
    return Ratio(median(ratios), min(ratios), max(ratios))


def at_least(value: float, goal: float) -> str:
    """Verdict on a figure that should be large."""
    return "met" if value >= goal else f"**missed by {1.0 - value / goal:.1%}**"


def at_most(value: float, goal: float) -> str:
    """Verdict on a figure that should be small."""
    return "met" if value <= goal else f"**missed by {value / goal - 1.0:.1%}**"


@dataclass(frozen=True)
class Goal:
    """What a figure must reach, and what would be better still; with `low` smaller figures are better."""

    limit: float
    aim: float | None = None
    low: bool = False

    def verdict(self, figure: float) -> str:
        """The goal, and whether it is met; the aim where there is one."""
        judge = at_most if self.low else at_least
        text = f"{number(self.limit)}: {judge(figure, self.limit)}"
        return text if self.aim is None else f"{text}; aim {number(self.aim)}: {judge(figure, self.aim)}"


def number(value: float) -> str:
    """Three significant digits, thousands set off."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= 1000 else f"{rounded:g}"


def growth(samples: Sequence[Sample], fact: str) -> float:
    """Increase of a fact for each further unit, from the sample with the fewest units to the one with the most."""
    low = min(samples, key=lambda sample: sample.units)
    high = max(samples, key=lambda sample: sample.units)
    if low.units == high.units:
        raise UserError("growth needs samples of different sizes")
    return (high.facts[fact] - low.facts[fact]) / (high.units - low.units)
