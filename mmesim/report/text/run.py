"""The result of a run as text for a terminal: what was asked first, then latency and its causes, then the bill.

The text depends on the result alone, never on the machine or the clock: two runs of one seed give the same bytes.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from mmesim import units
from mmesim.arrays import Floats, divide
from mmesim.report import caveats, layout
from mmesim.results import checks
from mmesim.results.result import Result
from mmesim.results.run_data import PARTS, HostData
from mmesim.scenario.figures import quantile_shares
from mmesim.stats.intervals import mean

WIDTH = 100
MARKS = {"pass": "pass", "fail": "FAIL", "undecided": "UNDECIDED"}
COLOURS = {"pass": "32", "fail": "31", "undecided": "33"}
LEDGER_BANDS = ("p50", "p99", "p99.9")
NEGLIGIBLE = 0.001
"""Parts of the ledger below this share of the latency in every band shown are left out."""


def text(result: Result, colour: bool = False) -> str:
    """Return the report, at most 100 columns wide; `colour` marks the verdicts for a terminal."""
    # Any: the figures of a summary are nested, and its schema is what is tested.
    summary: Any = result.summary
    sections = (
        _head(result, summary),
        _expectations(result, summary, colour),
        _robustness(summary),
        _latency(summary),
        _ledger(summary),
        _models(summary),
        _errors(summary),
        _resources(result, summary),
        _cost(summary),
        _found(summary, "belief", "Believed, not known"),
        _found(summary, "config", "Configuration of the model server"),
        _steady(summary),
        iter([f"Self-check   {checks.line(summary['checks'])}"]),
    )
    return "\n".join("\n".join([*section, ""]) for section in map(list, sections) if section).rstrip("\n") + "\n"


def _head(result: Result, summary: Any) -> Iterator[str]:
    scenario = result.scenario
    endpoint, run = scenario.endpoint, scenario.run
    host = endpoint.instance_type or f"{endpoint.host.vcpu} vCPU, {units.show_bytes(endpoint.host.memory_bytes)}"
    warmup = f" (first {units.show_seconds(run.cut_s)} not measured)" if run.cut_s else ""
    until = summary["until"]
    repeated = f" x {_plural(result.planned, 'replication')}, seed {run.seed}"
    least = "" if until is None else "at least "
    intervals = f"; [ ] are {least}95 % intervals" if summary["replications"] > 1 else ""
    models = _plural(len(scenario.model_table()), "model")
    yield f"{summary['scenario']}: {endpoint.instance_count} x {host}, {models}"
    yield f"{units.show_seconds(run.duration_s)}{warmup}{repeated}{intervals}"
    if summary["interrupted"]:
        yield f"INTERRUPTED: {summary['replications']} of {result.planned} replications were finished"
    if until is not None:
        yield f"until  {_until(until)}"
    if summary["conditional"] is not None and summary["replications"] > 1:
        yield caveats.TRACE


def _until(until: Any) -> str:
    """What was asked for, and how near it came."""
    looks, width = until["looks"], until["half_width"]
    found = until.get("reason") if width is None else layout.share(width)
    if not looks:
        return f"{until['target']}: not reached: {found}"
    after = f"after {_plural(looks[-1], 'replication')}"
    if until["reached"]:
        return f"{until['target']}: reached {after} ({found})"
    return f"{until['target']}: not reached: {found} {after}"


def _expectations(result: Result, summary: Any, colour: bool) -> Iterator[str]:
    if not summary["expect"]:
        return
    single = " (one replication: decided on the value, there is no interval)" if summary["replications"] == 1 else ""
    yield f"Expected{single}"
    width = max(len(entry["text"]) for entry in summary["expect"])
    for expectation, entry in zip(result.scenario.expect, summary["expect"], strict=True):
        mark = f"{MARKS[entry['verdict']]:<9}"
        if colour:
            mark = f"\x1b[{COLOURS[entry['verdict']]}m{mark}\x1b[0m"
        decided = entry["decided_on"]
        if decided["value"] is None:
            found = decided["by"]
        elif quantile_shares(expectation.metric) is not None:
            allowed = f"{expectation.comparison} {100 * decided['limit']:.12g} %"
            found = f"{layout.percent(decided)} of calls are slower, limit {allowed}"
        elif decided["unit"] == "ms":
            found = layout.both(decided, unit=" ms")
        else:
            found = layout.percent(decided)
        yield f"  {mark}  {entry['text']:<{width}}  {found}"


def _robustness(summary: Any) -> Iterator[str]:
    found = summary["robustness"]
    if found is None:
        return
    yield "What AWS does not publish"
    yield from layout.wrapped(found["answer"], WIDTH, indent="  ")
    yield f"  ({_plural(found['replications'], 'replication')} of each setting)"


def _latency(summary: Any) -> Iterator[str]:
    latency = summary["latency_ms"]
    yield f"Latency of {units.show_count(summary['requests']['ok'])} successful calls, as clients see it, ms"
    rows = [
        (name, layout.value(e), layout.interval(e) if e["value"] is not None else "") for name, e in latency.items()
    ]
    for line, estimated in zip(layout.columns(rows), latency.values(), strict=True):
        yield f"{line}   {layout.reason(estimated)}".rstrip()
    for limit, estimated in summary["share_over"].items():
        yield f"  slower than {_limit(limit)}: {layout.percent(estimated)}"


def _ledger(summary: Any) -> Iterator[str]:
    bands = {band: summary["ledger_ms"][band] for band in LEDGER_BANDS if summary["ledger_ms"][band]["mean"]}
    if not bands:
        return
    yield "What it is made of, ms and share (mean of the calls around each percentile)"
    rows = [("", *(cell for band in bands for cell in (band, "")))]
    left_out = False
    for part in PARTS:
        if any(figures[part] >= NEGLIGIBLE * figures["mean"] for figures in bands.values()):
            rows.append((part, *_cells(part, bands)))
        elif any(figures[part] > 0.0 for figures in bands.values()):
            left_out = True
    rows.append(("sum", *_cells("mean", bands)))
    yield from layout.columns(rows)
    if left_out:
        yield "  (parts below 0.1 % are not shown)"


def _cells(part: str, bands: dict[str, Any]) -> list[str]:
    """Milliseconds and percent for each band."""
    cells: list[str] = []
    for figures in bands.values():
        cells += [f"{figures[part]:,.1f}", f"{100.0 * figures[part] / figures['mean']:.0f} %"]
    return cells


def _models(summary: Any) -> Iterator[str]:
    tenants, cold = summary["tenants"], summary["tenants"]["cold_share"]
    yield f"Models: {units.show_count(tenants['called'])} of {units.show_count(tenants['models'])} were called"
    rows = [("cache hits", layout.percent(summary["cache_hit_ratio"]))]
    if summary["model_loading_wait_ms"]["value"] is not None:
        rows.append(("wait of a miss", layout.both(summary["model_loading_wait_ms"], unit=" ms")))
    minutes = summary["replications"] * (summary["simulated_s"] - summary["warmup_s"]) / 60.0
    for name in ("loads", "unloads"):
        rows.append((name, f"{units.show_count(summary[name])} ({layout.number(summary[name] / minutes)} a minute)"))
    rows.append(("loaded at once", f"{layout.both(summary['loaded_models'])} copies on all hosts"))
    if cold["p50"]["value"] is not None:
        spread = ", ".join(f"{name} {layout.percent_value(cold[key])}" for key, name in COLD_NAMES.items())
        rows.append(("cold calls of a model", spread))
        often = layout.percent(tenants["often_cold"])
        rows.append(("mostly cold", f"{often} of models are cold in more than 5 % of their calls"))
    if tenants["meet_slo"]["value"] is not None:
        rows.append(("meet the limits alone", f"{layout.percent(tenants['meet_slo'])} of models"))
    yield from layout.columns(rows, left=2)


COLD_NAMES = {"p50": "median", "p90": "90th percentile", "worst": "worst"}


def _errors(summary: Any) -> Iterator[str]:
    requests, attempts = summary["requests"], summary["attempts"]
    if attempts["retries"]:
        counts = [units.show_count(attempts[key]) for key in ("total", "retries")]
        yield f"Attempts: {counts[0]} for {units.show_count(requests['total'])} calls, {counts[1]} of them retries"
    failed = {cause: n for cause, n in requests["errors"].items() if n}
    if requests["in_flight_at_end"]:
        failed["no answer when the run stopped"] = requests["in_flight_at_end"]
    if not failed:
        yield f"Errors: none in {units.show_count(requests['total'])} calls"
        return
    yield f"Errors: {layout.percent(summary['error_rate'])} of {units.show_count(requests['total'])} calls"
    most_first = sorted(failed.items(), key=lambda item: (-item[1], item[0]))
    yield from layout.columns([(cause, units.show_count(n)) for cause, n in most_first])


def _resources(result: Result, summary: Any) -> Iterator[str]:
    pids = summary["pids"]
    limit = "no limit" if pids["limit"] is None else f"of {units.show_count(pids['limit'])}"
    most = max(float((r.hosts.memory_peak_bytes / r.hosts.memory_bytes).max()) for r in result.runs)
    rows = [("Resources", "mean", "", "fullest host", "most at once")]
    for name, (key, of_hosts) in RESOURCES.items():
        fullest = layout.share(_largest_mean(result, of_hosts))
        peak = layout.share(most) if name == "memory" else ""
        interval = layout.percent_interval(summary[key])
        rows.append((f"  {name}", layout.percent_value(summary[key]), interval, fullest, peak))
    rows.append(("  processes and threads", "", "", "", f"{units.show_count(pids['peak'])} {limit}"))
    yield from layout.columns(rows, indent=0)


RESOURCES: Mapping[str, tuple[str, Callable[[HostData], Floats]]] = MappingProxyType(
    {
        "CPU": ("cpu_utilization", lambda hosts: divide(hosts.cpu_busy_s, hosts.up_s * hosts.vcpu, 0.0)),
        "memory": (
            "memory_utilization",
            lambda hosts: divide(hosts.memory_byte_s, hosts.up_s * hosts.memory_bytes, 0.0),
        ),
        "disk": ("disk_utilization", lambda hosts: divide(hosts.disk_byte_s, hosts.up_s * hosts.disk_bytes, 0.0)),
    }
)
"""Name -> key of the summary, and the same figure of each host."""


def _largest_mean(result: Result, of_hosts: Callable[[HostData], Floats]) -> float:
    """The mean over replications of the fullest host of each: which host it is may differ."""
    return mean([float(of_hosts(r.hosts).max()) for r in result.runs])


def _cost(summary: Any) -> Iterator[str]:
    cost = summary["cost"]
    if cost["usd_per_hour"] is None:
        yield "Cost: no price is known for this host (give endpoint.price_per_hour)"
        return
    estimate = "about " if cost["estimated"] else ""
    per_million = cost["usd_per_million_requests"]
    served = "" if per_million is None else f", {estimate}{units.show_usd(per_million)} per million requests"
    yield (
        f"Cost: {estimate}{units.show_usd(cost['usd_per_hour'])} an hour, "
        f"{estimate}{units.show_usd(cost['usd_per_month'])} a month{served}"
    )
    yield f"  {'ESTIMATED price' if cost['estimated'] else 'price'}: {cost['source']}"


def _found(summary: Any, kind: str, title: str) -> Iterator[str]:
    """The findings of one kind: what is believed, what was made of a config.properties."""
    found = [entry["text"] for entry in summary["findings"] or () if entry["kind"] == kind]
    if found:
        yield title
    for sentence in found:
        # Paths and keys are not broken: they are there to be copied.
        wrapper = textwrap.TextWrapper(WIDTH, initial_indent="  - ", subsequent_indent="    ")
        wrapper.break_long_words = wrapper.break_on_hyphens = False
        yield from wrapper.wrap(sentence)


def _steady(summary: Any) -> Iterator[str]:
    """Whether the measured time was in steady state, and how that is known."""
    state = summary["steady_state"]
    verdict = "" if state["verdict"] is None else f"{MARKS_OF_STATE[state['verdict']]}: "
    yield from textwrap.wrap(f"Steady state {verdict}{state['evidence']}", WIDTH, subsequent_indent="  ")


MARKS_OF_STATE = {"steady": "yes", "warming up": "WARMING UP", "saturated": "SATURATED", "too short": "TOO SHORT"}


def _limit(name: str) -> str:
    return units.show_seconds(units.seconds(name), digits=12)


def _plural(count: int, noun: str) -> str:
    return f"{units.show_count(count)} {noun}" if count == 1 else f"{units.show_count(count)} {noun}s"
