"""Findings that need what-ifs: too many or too few instances, no reserve for the loss of one, a retry storm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

from mmesim import units
from mmesim.experiment.explained.deciding import MANY_ERRORS
from mmesim.experiment.explained.tried import Tried
from mmesim.preflight.finding import Finding
from mmesim.results.answers.sections import Verdict
from mmesim.results.findings.seen import RULE, Seen
from mmesim.results.miss_ratio.curve import Curve

FULL = 0.8
"""Utilization of the CPU above which a fleet has no reserve (AWS's rule of thumb asks for 50 to 80 %)."""
SPARE = 0.7
"""Utilization that a smaller fleet may reach, where nothing is expected that would say what is too slow."""
MANY_MISSES = 0.01
"""Predicted share of calls that miss from which on more memory is worth a look: they alone decide a p99."""
AMPLIFIED = 1.0
"""Retries for each failed call from which on they are a load of their own."""
FAILED = 0.001
"""Share of failed calls below which there is no storm."""

LARGER = ("needed_instances", "one_more_instance", "next_size_up", "type_with_more_memory")
"""Fleets that can cure a lack; the first is taken where none is seen to be enough."""


@dataclass(frozen=True)
class Ground:
    """The scenario's own run, its verdict on all lines of `expect`, and every what-if that was simulated."""

    seen: Seen
    verdict: Verdict | None
    what_ifs: Sequence[Tried]
    curve: Curve

    def get(self, id: str) -> Tried | None:
        """A what-if by its id, None where there is none."""
        return next((one for one in self.what_ifs if one.entry.id == id), None)

    @property
    def fails(self) -> bool:
        """Whether it does not do what it should: a line fails, or without any many calls fail or the CPU is full."""
        if self.verdict is not None:
            return self.verdict == "fail"
        return self.seen.figure("error_rate") > MANY_ERRORS or self.seen.figure("cpu_utilization") >= FULL

    def does(self, one: Tried) -> bool:
        """Whether a what-if does what it should: every line passes; without any, nothing is worse, CPU to spare."""
        if self.verdict is not None:
            return one.entry.verdict == "pass"
        return not one.worse and not one.more_errors and (one.entry.cpu_utilization or 0.0) <= SPARE


def over_provisioned(ground: Ground) -> Iterator[Finding]:
    """More than one instance to spare: with two fewer, or less, it does what it should; of one instance, a smaller one.

    One to spare is none too many: it is the reserve for the loss of an instance.
    """
    seen, n = ground.seen, ground.seen.scenario.endpoint.instance_count
    if ground.fails or ground.verdict == "undecided":
        return
    fewer = [one for one in ground.what_ifs if n > 2 and _instances(one) <= n - 2 and ground.does(one)]
    smaller = [one for one in map(ground.get, ("next_size_down",)) if n == 1 and one is not None and ground.does(one)]
    best = min(fewer, key=_instances, default=None) or next(iter(smaller), None)
    if best is None:
        return
    entry = best.entry
    advice = _as_set(best) if n == 1 else f"endpoint.instance_count={_instances(best) + 1:.0f}"
    spare = "" if n == 1 else f"; {_instances(best) + 1:.0f} leave one to spare for the loss of an instance"
    held = "every line of expect still passes" if ground.verdict is not None else "nothing is seen to be worse"
    saves = entry.usd_per_month
    about = "about " if entry.price_estimated else ""
    money = "" if saves is None else f", {about}{units.show_dollars(-saves)} a month less"
    yield Finding(
        id="over_provisioned",
        severity="warning",
        text=f"over-provisioned: with {_words(best)} {held}{money}; CPU {_shown(seen.figure('cpu_utilization'))} now, "
        f"{_shown(entry.cpu_utilization)} then; hits {_shown(seen.figure('cache_hit_ratio'))} now, "
        f"{_shown(entry.cache_hit_ratio)} then (the miss-ratio curve says "
        f"{_shown(entry.predicted_cache_hit_ratio)}){spare}",
        evidence=_known(
            saves_usd_per_month=None if saves is None else -saves,
            cpu_utilization=seen.figure("cpu_utilization"),
            cpu_utilization_then=entry.cpu_utilization,
            cache_hit_ratio=seen.figure("cache_hit_ratio"),
            cache_hit_ratio_then=entry.cache_hit_ratio,
            predicted_cache_hit_ratio=entry.predicted_cache_hit_ratio,
        ),
        source=RULE,
        try_=advice,
    )


def under_provisioned(ground: Ground) -> Iterator[Finding]:
    """A fleet that fails for lack of CPU or memory, by utilization and miss-ratio curve, and that more would help."""
    seen = ground.seen
    cpu, missed = seen.roots.cpu, ground.curve.misses(seen.scenario)
    lacks = [
        *(["CPU"] if cpu >= FULL else []),
        *(["memory"] if missed is not None and missed >= MANY_MISSES and seen.warmed else []),
    ]
    low_hits = seen.figure("cache_hit_ratio") < 0.95 and seen.warmed
    if not lacks or not (ground.fails or (ground.verdict is None and low_hits)):
        return
    larger = [one for one in map(ground.get, LARGER) if one is not None and (one.good > 0.0 or one.fewer_errors)]
    if not larger:
        return
    enough = [one for one in larger if one.entry.verdict == "pass"]
    best = min(enough, key=_costs) if enough else larger[0]
    yield Finding(
        id="under_provisioned",
        severity="problem" if ground.verdict == "fail" else "warning",
        text=f"under-provisioned: too little {' and '.join(lacks)}: CPU of the fullest instance {_shown(cpu)} now, "
        f"hits {_shown(seen.figure('cache_hit_ratio'))}; with {_words(best)} the vCPUs are busy "
        f"{_shown(best.entry.cpu_utilization)} of the time, hits {_shown(best.entry.cache_hit_ratio)}",
        evidence=_known(
            cpu_utilization=cpu,
            cache_hit_ratio=seen.figure("cache_hit_ratio"),
            predicted_cache_hit_ratio=None if missed is None else 1.0 - missed,
            cache_hit_ratio_then=best.entry.cache_hit_ratio,
            cpu_utilization_then=best.entry.cpu_utilization,
            usd_per_month=best.entry.usd_per_month,
        ),
        source=RULE,
        try_=_as_set(best),
    )


def cannot_survive_instance_loss(ground: Ground) -> Iterator[Finding]:
    """A fleet that does what it should, and does not with one instance fewer: in steady state, once it is lost."""
    n = ground.seen.scenario.endpoint.instance_count
    if n == 1:
        yield Finding(
            id="cannot_survive_instance_loss",
            severity="warning",
            text="there is one instance: while it is replaced no call is answered",
            evidence={"instances": 1},
            source=RULE,
            try_="endpoint.instance_count=2",
        )
        return
    fewer = ground.get("one_fewer_instance")
    if fewer is None or ground.fails:
        return
    entry = fewer.entry
    if ground.verdict is not None:
        lost = entry.verdict == "fail"
        missed = ", ".join(effect.text for effect in entry.effects if effect.verdict == "fail")
        what = f"{missed} fail{'s' if ',' not in missed else ''}"
    else:
        full = (entry.cpu_utilization or 0.0) >= FULL
        lost = full or (fewer.more_errors and fewer.error_rate > MANY_ERRORS)
        what = f"{units.show_fraction(fewer.error_rate)} of the calls fail and CPU is {_shown(entry.cpu_utilization)}"
    if not lost:
        return
    yield Finding(
        id="cannot_survive_instance_loss",
        severity="warning",
        text=f"does not survive the loss of an instance: with {n - 1} of {n} instances {what}, even once "
        "the others have warmed up",
        evidence=_known(
            instances=n,
            cpu_utilization_then=entry.cpu_utilization,
            cache_hit_ratio_then=entry.cache_hit_ratio,
            error_rate_then=fewer.error_rate,
        ),
        source=RULE,
        try_=f"endpoint.instance_count={n + 1}",
    )


def retry_storm(ground: Ground) -> Iterator[Finding]:
    """Retries that keep the endpoint from answering: without them fewer calls fail."""
    without, seen = ground.get("no_retries"), ground.seen
    failed = seen.figure("error_rate")
    if without is None or not without.fewer_errors or failed < FAILED:
        return
    retries = (seen.attempts - seen.calls) / (failed * seen.calls)
    if retries < AMPLIFIED:
        return
    yield Finding(
        id="retry_storm",
        severity="problem",
        text=f"retry storm: {units.show_number(retries)} retries for each call that fails keep the endpoint busy with "
        f"calls whose clients have left: {units.show_fraction(failed)} of the calls fail now, "
        f"{units.show_fraction(without.error_rate)} without retries",
        evidence={"retries_per_failed_call": retries, "error_rate": failed, "error_rate_then": without.error_rate},
        source=RULE,
        try_="clients.retries=boto3-standard, whose quota runs out, or clients.retries=none",
    )


SIZING: tuple[Callable[[Ground], Iterator[Finding]], ...] = (
    under_provisioned,
    retry_storm,
    cannot_survive_instance_loss,
    over_provisioned,
)


def _as_set(one: Tried) -> str:
    return ", ".join(f"{field}={value}" for field, value in one.entry.sets.items())


def _instances(one: Tried) -> float:
    """The number of instances that a what-if sets; infinite if it sets none, or something else besides."""
    count = one.entry.sets.get("endpoint.instance_count")
    return float(count) if isinstance(count, int) and len(one.entry.sets) == 1 else inf


def _words(one: Tried) -> str:
    """A fleet in words."""
    count = _instances(one)
    return one.entry.text if count == inf else f"{count:.0f} instance{'' if count == 1 else 's'}"


def _costs(one: Tried) -> float:
    costs = one.entry.usd_per_month
    return inf if costs is None else costs


def _shown(share: float | None) -> str:
    return "unknown" if share is None else units.show_fraction(share)


def _known(**figures: float | None) -> dict[str, float | str]:
    """The figures that there are."""
    return {name: value for name, value in figures.items() if value is not None}
