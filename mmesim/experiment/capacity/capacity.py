"""`mmesim capacity`: how many models, or how much traffic, the fleet of a scenario carries inside its limits.

Short runs at ever more, or fewer, show where the limit seems to be, and how hits and latency change on the way; the
amounts around it are then decided by the looks of a gate, on other random numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from mmesim import __version__, units
from mmesim.errors import STOPPED
from mmesim.experiment.capacity.amounts import Amounts, Of
from mmesim.experiment.capacity.curve import RUNS, Curve, Short
from mmesim.experiment.capacity.direction import refuse_improving
from mmesim.experiment.capacity.knee import knee
from mmesim.experiment.capacity.limit import Decided, Limit
from mmesim.experiment.execute.executors import given_or_local
from mmesim.experiment.execute.task import Executor
from mmesim.experiment.fixed_fleet import refuse_scaling
from mmesim.experiment.gate.unchanged import UNITS
from mmesim.experiment.replicate import say_why
from mmesim.experiment.robustness import robustness as try_unknowns
from mmesim.experiment.runs import Runs, Watch
from mmesim.experiment.store.store import Store
from mmesim.results.capacity import Capacity, Tried
from mmesim.results.capacity import Knee as KneeEntry
from mmesim.results.gated import GatedLine
from mmesim.results.planned import FleetLine
from mmesim.results.sections import Verdict
from mmesim.scenario.file.load import load
from mmesim.scenario.run.expected import HOURS_PER_MONTH
from mmesim.scenario.scenario import Scenario
from mmesim.stats.means import CONFIDENCE, mean, mean_interval

FURTHER = (0.25, 0.5, 2.0, 4.0)
"""Times the present amount: what is looked at when nothing is expected."""


def capacity(
    scenario: Scenario | str | Path,
    *,
    of: Of = "models",
    group: str | None = None,
    up_to: float | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    store: str | Path | None = None,
    watch: Watch | None = None,
    robustness: bool = False,
) -> Capacity:
    """How many models, or how many times its traffic, the fleet of a scenario (or of the file of one) carries.

    The largest amount that meets every line of `expect`, the smallest that does not, and figures of those that were
    tried; without `expect` the figures and the knee alone. More models come with their traffic. `group`: vary the
    models of this group alone. `up_to`: the largest amount to try, by default 16 times the present one. `jobs` run at
    the same time, or `executor` runs them. `store` is a file: what is in it is not simulated again. `robustness` finds
    in how many settings of what AWS does not publish the largest amount still meets every line. KeyboardInterrupt gives
    what is known so far, with `finished` false, or goes on where nothing is. Raises UserError,
    before anything is simulated, for a scenario that cannot be scaled, and for lines that more traffic may mend.
    """
    given = scenario if isinstance(scenario, Scenario) else load(Path(scenario))
    refuse_scaling(given, "capacity")
    amounts = Amounts.asked(given, of, group, up_to)
    refuse_improving(given, of)
    place = None if store is None else Path(store)
    with given_or_local(executor, jobs) as running:
        with Store(place) as kept:
            runs = Runs(kept, running, watch)
            curve, limit = Curve(amounts, runs), Limit(amounts, runs)
            found_knee, finished = None, False
            try:
                if given.expect:
                    limit.search(*curve.bracket())
                else:
                    _look_around(curve)
                found_knee = knee(curve, given.run.seed, not given.expect) if of == "models" else None
                finished = True
            except STOPPED as error:
                if not curve.points:
                    raise
                say_why(error)
            largest = limit.largest
            simulated, everything = runs.simulated, runs.simulated + runs.found
        holds = None
        if robustness and finished and largest is not None:
            holds = try_unknowns(amounts.at(largest), executor=running, store=place, watch=watch).data
    seen = curve.seen if given.expect else (None, None)
    endpoint = given.endpoint
    price = endpoint.host.price_usd_per_hour
    usd_per_month = None if price is None else price * endpoint.instance_count * HOURS_PER_MONTH
    return Capacity(
        mmesim=__version__,
        name=given.name,
        of=of,
        group=group,
        fleet=_fleet(given),
        usd_per_month=usd_per_month,
        price_estimated=price is not None and endpoint.host.price_estimated,
        price_source=None if price is None else endpoint.host.price_source,
        verdict=_verdict(amounts.now, limit) if given.expect else None,
        finished=finished,
        confidence=CONFIDENCE,
        notes=list(_notes(given)),
        expect=[line.text for line in given.expect],
        now=amounts.now,
        largest=largest,
        smallest_failing=limit.smallest_failing,
        seems_to_fit=seen[0],
        seems_not_to_fit=seen[1],
        tried_from=amounts.least,
        tried_to=amounts.most,
        stopped=curve.stopped,
        monotone=limit.monotone and curve.monotone,
        knee=None
        if found_knee is None
        else KneeEntry(models=found_knee.amount, interval=found_knee.interval, reason=found_knee.reason),
        tried=_tried(curve, limit, usd_per_month),
        replications=everything,
        simulated=simulated,
        requests=sum(one.requests for one in curve.points) + sum(one.requests for one in limit.found.values()),
        robustness=holds,
    )


def _look_around(curve: Curve) -> None:
    amounts = curve.amounts
    for factor in (1.0, *FURTHER):
        curve.at(amounts.rounded(factor * amounts.start))


def _fleet(scenario: Scenario) -> str:
    """`4 x ml.m5.xlarge`, or the figures of a host of one's own."""
    endpoint = scenario.endpoint
    host = endpoint.instance_type or f"{endpoint.host.vcpu} vCPU, {units.show_bytes(endpoint.host.memory_bytes)}"
    return f"{endpoint.instance_count} x {host}"


def _notes(scenario: Scenario) -> Iterator[str]:
    for belief in scenario.beliefs:
        yield f"{belief.field} is believed, not known: {belief.middle} is used"
    for stream in scenario.traffic:
        if stream.replays:
            yield f"stream {stream.name!r} is the same trace in every replication: other traffic may need another fleet"


def _verdict(now: float, limit: Limit) -> Verdict:
    """Of the present amount, which need not have been tried: what fits less fits, too."""
    if limit.largest is not None and now <= limit.largest:
        return "pass"
    return "fail" if limit.smallest_failing is not None and now >= limit.smallest_failing else "undecided"


def _tried(curve: Curve, limit: Limit, usd_per_month: float | None) -> list[Tried]:
    short = {one.amount: one for one in curve.points}
    found = []
    for amount in sorted({*short, *limit.found}):
        decided = limit.found.get(amount)
        calls_per_s = short[amount].calls_per_s if decided is None else decided.calls_per_s
        hits = [1.0 - miss for miss in short[amount].misses] if decided is None else _series(decided)
        models = len(curve.amounts.at(amount).model_table())
        found.append(
            Tried(
                amount=amount,
                verdict=None if decided is None else decided.verdict,
                lines=_of_short(short[amount]) if decided is None else [_of_gate(line) for line in decided.lines],
                hit_ratio=_mean(hits),
                hit_ratio_interval=_interval(hits),
                calls_per_s=calls_per_s,
                usd_per_model=None if usd_per_month is None else usd_per_month / models,
                usd_per_million=_per_million(usd_per_month, calls_per_s),
                replications=RUNS if decided is None else decided.replications,
            )
        )
    return found


def _series(decided: Decided) -> list[float]:
    one = decided.figures.get("cache_hit_ratio")
    return [] if one is None else [value for value in one.values if value is not None]


def _per_million(usd_per_month: float | None, calls_per_s: float) -> float | None:
    if usd_per_month is None or not calls_per_s:
        return None
    return 1e6 * usd_per_month / (HOURS_PER_MONTH * 3600.0 * calls_per_s)


def _of_gate(line: GatedLine) -> FleetLine:
    return FleetLine(
        text=line.text,
        when=None,
        verdict=line.verdict,
        figure=line.figure,
        unit=line.unit,
        value=line.value,
        interval=line.interval,
        limit=line.limit,
        replications=line.replications,
    )


def _of_short(short: Short) -> list[FleetLine]:
    """The lines of short runs, which decide none of them."""
    found = []
    for line, values in zip(short.lines, short.values, strict=True):
        figure = line.inside.figure
        known = [value for value in values if not math.isnan(value)]
        finite = bool(known) and all(map(math.isfinite, known))
        single = line.bound != "sequential test"
        found.append(
            FleetLine(
                text=line.expectation.text,
                when=None,
                verdict="undecided",
                figure=line.inside.name,
                unit=UNITS[figure.kind],
                value=figure.scale * line.together(known) if finite else None,
                interval=_interval(known, figure.scale, figure.high) if finite and not single else None,
                limit=figure.scale * line.inside.bound,
                replications=len(known),
            )
        )
    return found


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if not math.isnan(value)]
    return mean(known) if known else None


def _interval(values: Sequence[float], scale: float = 1.0, high: float = 1.0) -> tuple[float, float] | None:
    ends = mean_interval([value for value in values if not math.isnan(value)], low=0.0, high=high)
    return None if ends is None else (scale * ends[0], scale * ends[1])
