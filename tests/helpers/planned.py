"""Documents of a plan made by hand, and any document at all."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from mmesim.results.answers.planned import Estimated, Fleet, FleetLine, Pair, Planned, Setting, Used, WhyNot
from mmesim.results.answers.sections import Verdict
from tests.helpers.gated import UNITS, plain_numbers, texts, verdicts
from tests.helpers.gated import numbers as any_numbers

TYPE, COUNT = "endpoint.instance_type", "endpoint.instance_count"
PRICES = {"ml.m5.large": 84.0, "ml.m5.xlarge": 168.2, "ml.m5.2xlarge": 336.4, "ml.r5.xlarge": 221.0}
"""USD a month of one instance, rounded."""


def line(value: float | None = 0.0041, verdict: Verdict = "pass", **changes: Any) -> FleetLine:
    """A line about a percentile."""
    fields: dict[str, Any] = {
        "text": "p99 < 500 ms",
        "verdict": verdict,
        "figure": "share_over 500 ms",
        "unit": "share",
        "value": value,
        "interval": None if value is None else (value * 0.8, value * 1.2),
        "limit": 0.01,
        "replications": 40,
    }
    return FleetLine(**fields | changes)


COST = line(1009.0, text="cost.month < 2000 USD", figure="cost.month", unit="USD", interval=None, limit=2000.0)


def fleet(instance_type: str, count: int, *lines: FleetLine, **changes: Any) -> Fleet:
    """A fleet of the grid: inside, turned down or open as its worst line says; not tried without one."""
    found = {one.verdict for one in lines}
    state = "not tried" if not lines else next(of for of in ("fail", "undecided", "pass") if of in found)
    fields: dict[str, Any] = {
        "values": {TYPE: instance_type, COUNT: count},
        "instance_type": instance_type,
        "instance_count": count,
        "usd_per_month": count * PRICES[instance_type],
        "price_estimated": False,
        "state": {"fail": "turned down", "undecided": "open", "pass": "inside"}.get(state, state),
        "stage": "decision" if lines else None,
        "lines": list(lines),
        "reason": None,
        "binds": "memory" if "fail" in found else None,
        "predicted_miss_ratio": 0.02,
        "everything_in_memory": False,
        "replications": 40 if lines else 0,
        "requests": 4_000_000 if lines else 0,
        "share_of_draws": None,
        "share_of_draws_interval": None,
        "mean_extra_usd": None,
    }
    return Fleet(**fields | changes)


PROVED: dict[str, Any] = {
    "state": "turned down",
    "stage": "proof",
    "reason": "at least 4.2 % of the calls find no copy in memory and take 0.8 s or longer, 1 % are allowed",
    "binds": "memory",
}
FLEETS = [
    fleet("ml.m5.large", 2, **PROVED),
    fleet("ml.m5.xlarge", 2, line(0.19, "fail")),
    fleet("ml.m5.xlarge", 3, line(0.062, "fail")),
    fleet("ml.m5.xlarge", 4, line(0.0108, "undecided"), reason="about 600 more replications would decide it"),
    fleet("ml.m5.2xlarge", 2, line(0.021, "fail", interval=(0.018, 0.024)), COST),
    fleet("ml.r5.xlarge", 4, line(0.0132, "fail"), binds="cpu"),
    fleet("ml.m5.2xlarge", 3, line(0.004, interval=(0.003, 0.005)), COST),
    fleet("ml.m5.xlarge", 6),
    fleet("ml.r5.xlarge", 5, everything_in_memory=True, price_estimated=True),
]


def planned(**changes: Any) -> Planned:
    """A plan with an answer, a tie, a current fleet and a setting that flips it."""
    fields: dict[str, Any] = {
        "mmesim": "0.1.0",
        "name": "tenants-500",
        "verdict": "pass",
        "finished": True,
        "confidence": 0.95,
        "tolerance": 0.1,
        "assume_monotone": False,
        "expect": ["p99 < 500 ms", "cost.month < 2000 USD"],
        "grid": {TYPE: list(PRICES), COUNT: [1, 2, 3, 4, 5, 6]},
        "working_set": {
            "1 min": {"models": 381.2, "memory_bytes": 41.1e9, "fleet_share": 0.8},
            "10 min": {"models": 489.0, "memory_bytes": 52.9e9, "fleet_share": 1.03},
        },
        "fleets": FLEETS,
        "answer": 6,
        "next_cheaper": 4,
        "current": 7,
        "all_in_memory": 8,
        "ties": [3],
        "estimates": [
            Estimated(fleet=6, lines=[line(0.004, interval=(0.003, 0.005)), COST]),
            Estimated(fleet=4, lines=[line(0.021, "fail", interval=(0.018, 0.024))]),
        ],
        "paired": [Pair(text="p99 < 500 ms", unit="share", difference=0.017, interval=(0.0144, 0.0196))],
        "settings": [
            *(Setting(name=f"setting {number}", verdict="pass") for number in range(7)),
            Setting(name="load_slots = 1", verdict="fail"),
        ],
        "why_not": [
            why("ml.m5.xlarge", 4, 3, "too few hits: 5 % of the calls are cold"),
            why("ml.m5.2xlarge", 2, 4, "2.1 % of the calls are slower than 500 ms"),
            why("ml.r5.xlarge", 4, 5, "its vCPUs are 96 % busy", {"cpu": 3, "memory": 1}),
            why("ml.m5.large", 6, 0, PROVED["reason"]),
        ],
        "used": Used(proved=9, simulated_fleets=7, replications=412, simulated=400, requests=39_552_000),
    }
    return Planned(**fields | changes)


def why(instance_type: str, fleets: int, nearest: int, text: str, binds: dict[str, int] | None = None) -> WhyNot:
    """Why the fleets of one instance type were turned down."""
    counted = {"memory": fleets} if binds is None else binds
    return WhyNot(family={TYPE: instance_type}, fleets=fleets, binds=counted, nearest=nearest, text=text)


def nothing_fits() -> Planned:
    """A plan whose grid has no fleet inside."""
    down = [one for one in FLEETS if one.state == "turned down"]
    return planned(
        verdict="fail",
        fleets=down,
        **NOTHING,
        current=None,
        why_not=[why("ml.r5.xlarge", 4, len(down) - 1, "its vCPUs are 96 % busy", {"cpu": 3, "memory": 1})],
    )


NOTHING: dict[str, Any] = {
    "answer": None,
    "next_cheaper": None,
    "all_in_memory": None,
    "ties": [],
    "estimates": [],
    "paired": [],
    "settings": [],
}


def left_open() -> Planned:
    """A plan in which the only candidate is too near its limit."""
    return planned(
        verdict="undecided", fleets=FLEETS[:5], **NOTHING, current=None, why_not=[why("ml.m5.xlarge", 3, 2, "memory")]
    )


def on_an_edge() -> Planned:
    """A plan whose answer crosses its limit on the seeds that chose nothing."""
    return planned(
        verdict="undecided",
        ties=[],
        estimates=[Estimated(fleet=6, lines=[line(0.0098, "undecided", interval=(0.0092, 0.0105)), COST])],
        paired=[],
    )


def broken_off() -> Planned:
    """A plan that was stopped when a fleet was known to be inside and cheaper ones were not tried yet."""
    fleets = [*FLEETS[:3], fleet("ml.m5.xlarge", 4), *FLEETS[4:]]
    return planned(finished=False, ties=[], estimates=[], paired=[], settings=[], next_cheaper=None, fleets=fleets)


def with_workers() -> Planned:
    """A plan over a third field, and uncertain inputs."""
    workers = "server.default_workers_per_model"
    drawn: dict[str, Any] = {
        "share_of_draws": 0.93,
        "share_of_draws_interval": (0.88, 0.96),
        "mean_extra_usd": 12.4,
        "draws": 512,
        "stage": "draws",
    }
    fleets = [
        one.model_copy(update={"values": one.values | {workers: 1 + number % 2}, **drawn})
        for number, one in enumerate(FLEETS)
    ]
    whys = [
        one.model_copy(update={"family": one.family | {workers: 1}, "binds": {"memory": 412}})
        for one in planned().why_not
    ]
    return planned(share_of_draws=0.9, fleets=fleets, why_not=whys, grid=planned().grid | {workers: [1, 2]})


FIXED = {
    "answer": planned,
    "nothing fits": nothing_fits,
    "open": left_open,
    "on an edge": on_an_edge,
    "broken off": broken_off,
    "workers and draws": with_workers,
}
small = st.integers(0, 10**6)
IDS = st.sampled_from(["memory", "cpu", "workers", "load_slots"])


def documents(
    texts: st.SearchStrategy[str], numbers: st.SearchStrategy[float], units: st.SearchStrategy[str]
) -> st.SearchStrategy[Planned]:
    """Any document of a plan, with these texts, numbers and units in it."""
    return st.integers(1, 4).flatmap(lambda count: _with_fleets(count, texts, numbers, units))


def _with_fleets(
    count: int, texts: st.SearchStrategy[str], numbers: st.SearchStrategy[float], units: st.SearchStrategy[str]
) -> st.SearchStrategy[Planned]:
    """Any document with so many fleets: every row in it is one of theirs."""
    rows = st.integers(0, count - 1)
    row = st.none() | rows
    intervals = st.none() | st.tuples(numbers, numbers).map(lambda ends: (min(ends), max(ends)))
    shares = st.none() | st.floats(0, 1)
    share_intervals = st.none() | st.tuples(st.floats(0, 1), st.floats(0, 1)).map(lambda e: (min(e), max(e)))
    any_line = st.builds(
        FleetLine,
        text=st.sampled_from(["p99 < 500 ms", "p99 warm of tenants < 1 s", "cache_hit_ratio >= 95 %"]) | texts,
        when=st.none() | texts,
        verdict=verdicts,
        figure=st.sampled_from(["share_over 500 ms", "cache_hit_ratio", "recovery after zone_loss"]) | texts,
        unit=units,
        value=st.none() | numbers,
        interval=intervals,
        limit=numbers,
        replications=small,
    )
    lines = st.lists(any_line, max_size=2)
    scalars = texts | st.integers(-(10**9), 10**9) | numbers | st.booleans()
    values = st.fixed_dictionaries(
        {}, optional={TYPE: texts, COUNT: st.integers(1, 99), "server.job_queue_size": scalars, "other": scalars}
    )
    any_fleet = st.builds(
        Fleet,
        values=values,
        instance_type=st.none() | texts,
        instance_count=st.integers(1, 10_000),
        usd_per_month=st.none() | numbers.map(abs),
        price_estimated=st.booleans(),
        state=st.sampled_from(["inside", "turned down", "open", "not tried"]),
        stage=st.none() | st.sampled_from(["proof", "short runs", "search", "decision", "draws"]),
        lines=lines,
        reason=st.none() | texts,
        binds=st.none() | IDS | texts,
        predicted_miss_ratio=shares,
        everything_in_memory=st.booleans(),
        replications=small,
        requests=small,
        draws=small,
        share_of_draws=shares,
        share_of_draws_interval=share_intervals,
        mean_extra_usd=st.none() | numbers,
    )
    lists = st.lists(scalars, max_size=3)
    return st.builds(
        Planned,
        mmesim=texts,
        name=texts,
        verdict=verdicts,
        finished=st.booleans(),
        confidence=st.floats(0.5, 0.999),
        tolerance=st.floats(0.001, 0.5),
        share_of_draws=st.none() | st.floats(0.01, 1),
        assume_monotone=st.booleans(),
        expect=st.lists(texts, max_size=2),
        grid=st.fixed_dictionaries(
            {}, optional={TYPE: lists, COUNT: lists, "server.job_queue_size": lists, "other": lists}
        ),
        working_set=st.none()
        | st.dictionaries(texts, st.fixed_dictionaries({"models": numbers, "memory_bytes": numbers.map(abs)})),
        fleets=st.lists(any_fleet, min_size=count, max_size=count),
        answer=row,
        next_cheaper=row,
        current=row,
        all_in_memory=row,
        ties=st.lists(rows, max_size=2),
        estimates=st.lists(st.builds(Estimated, fleet=rows, lines=lines), max_size=2),
        paired=st.lists(
            st.builds(
                Pair, text=texts, when=st.none() | texts, unit=units, difference=st.none() | numbers, interval=intervals
            ),
            max_size=2,
        ),
        settings=st.lists(st.builds(Setting, name=texts, verdict=verdicts), max_size=4),
        why_not=st.lists(
            st.builds(
                WhyNot,
                family=values,
                fleets=small,
                binds=st.dictionaries(IDS, small, max_size=2),
                nearest=rows,
                text=texts,
            ),
            max_size=2,
        ),
        used=st.builds(Used, proved=small, simulated_fleets=small, replications=small, simulated=small, requests=small),
    )


words = st.lists(st.text("abcdefgh_.<>=%", min_size=1, max_size=8), min_size=1, max_size=3).map(" ".join)
"""Without digits: no line ends between a number and what follows, however many follow each other."""
any_planned = documents(texts, any_numbers, UNITS | texts)
plain_planned = documents(words, plain_numbers, UNITS)
"""What scenarios say, and what runs measure, in earnest."""
