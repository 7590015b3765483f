"""What the report of a run says: what was asked first, then latency and its causes, then the bill.

It depends on the result alone, never on the machine or the clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from mmesim import units
from mmesim.arrays import Floats, divide
from mmesim.preflight.finding import Finding
from mmesim.report import formats, phrases
from mmesim.report.blocks import Bars, Block, Cell, Column, Lines, Part, Report, Table, Title, cells, report
from mmesim.report.content import causes
from mmesim.report.content.cost import cost
from mmesim.report.content.expected import expectations
from mmesim.report.content.happened import happened
from mmesim.report.content.verdict import verdict_line
from mmesim.results.figures.ledger import calls_of_band
from mmesim.results.folder.shown import Shown
from mmesim.results.summary import checks
from mmesim.scenario.figures import parts_of
from mmesim.stats.means import mean

if TYPE_CHECKING:
    from mmesim.results.result import Result

WIDER = "[interval of at least 95 %]"
LEDGER_BANDS = ("p50", "p99", "p99.9")


def run_report(result: Shown) -> Report:
    """The sections of the report of a run."""
    # Any: the figures of a summary are nested, and its schema is what is tested.
    summary: Any = result.summary
    return report(
        head(result, summary),
        warned(summary),
        expectations(result, summary),
        happened(summary),
        robustness(summary),
        causes.binds(summary),
        latency(summary),
        warm_and_cold(summary),
        ledger(summary),
        _models(summary),
        errors(summary),
        causes.failed(summary),
        resources(result, summary),
        cost(summary, result.scenario.endpoint),
        found(summary, "belief", "Believed, not known"),
        found(summary, "config", "Configuration of the model server"),
        steady(summary),
        self_check(summary["checks"]),
        verdict_line(summary) if checks.passed(summary["checks"]) else (),
    )


def verdict_report(result: Result) -> Report:
    """The verdict alone: one line, with the expectations that do not hold."""
    missed = [entry["text"] for entry in result.summary["expect"] if entry["verdict"] != "pass"]
    stopped = ["INTERRUPTED"] if result.interrupted else []
    judged = phrases.VERDICTS[result.verdict][0] if result.scenario.expect else "nothing is expected"
    return report([Lines((" ".join((*stopped, judged, ", ".join(missed))).rstrip(),))])


def head(result: Shown, summary: Any) -> Iterator[Block]:
    """What was simulated, for how long and how often."""
    scenario = result.scenario
    run, until = scenario.run, summary["until"]
    warmup = f" (first {units.show_seconds(run.cut_s)} not measured)" if run.cut_s else ""
    planned = summary["replications"] if result.planned is None else result.planned
    repeated = f" x {phrases.plural(planned, 'replication')}, seed {run.seed}"
    intervals = "" if summary["replications"] == 1 else f"; {phrases.INTERVALS if until is None else WIDER}"
    models = phrases.plural(len(scenario.hosted), "model")
    server = "" if scenario.server.kind == "mms" else f" on {scenario.server_kind.title}"
    yield Title(summary["scenario"], f"{scenario.endpoint.fleet}, {models}{server}", level=1)
    lines = [f"{units.show_seconds(run.duration_s)}{warmup}{repeated}{intervals}"]
    if summary["interrupted"]:
        of = "" if result.planned is None else f" of {result.planned}"
        lines.append(f"INTERRUPTED: {summary['replications']}{of} replications were finished")
    if until is not None:
        lines.append(f"until  {_until(until)}")
    if summary["conditional"] is not None and summary["replications"] > 1:
        lines.append(phrases.TRACE)
    yield Lines(tuple(lines))


def warned(summary: Any) -> Iterator[Block]:
    """The findings that put the figures in doubt."""
    found = [entry for entry in summary["findings"] if entry["severity"] != "note"]
    if found:
        yield Title("Findings")
        yield Lines(tuple(Finding.model_validate(entry).line for entry in found), "list")


def _until(until: Any) -> str:
    """What was asked for, and how near it came."""
    looks, width = until["looks"], until["half_width"]
    found = until.get("reason") if width is None else formats.share(width)
    if not looks:
        return f"{until['target']}: not reached: {found}"
    after = f"after {phrases.plural(looks[-1], 'replication')}"
    if until["reached"]:
        return f"{until['target']}: reached {after} ({found})"
    return f"{until['target']}: not reached: {found} {after}"


def robustness(summary: Any) -> Iterator[Block]:
    """Whether the verdict holds under the settings of what AWS does not publish, where that was asked for."""
    found = summary["robustness"]
    if found is None:
        return
    yield Title("What AWS does not publish")
    yield Lines((found["answer"],))
    yield Lines((f"{phrases.plural(found['replications'], 'replication')} of each setting",), "note")


def latency(summary: Any) -> Iterator[Block]:
    """Percentiles of all successful calls, and the share that is slower than each limit."""
    latency = summary["latency_ms"]
    calls = units.show_count(summary["requests"]["ok"])
    yield Title(f"Latency of {calls} successful calls, as clients see it, ms")
    rows = tuple((Cell(name), formats.value_cell(estimated)) for name, estimated in latency.items())
    yield Table((Column(), Column(align="right")), rows)
    over = [f"slower than {_limit(name)}{_slower(of)}" for name, of in summary["share_over"].items()]
    if over:
        yield Lines(tuple(over))
    failed = summary["error_rate"]
    if failed["value"] is not None and failed["value"] > MANY_ERRORS:
        share = formats.percent_value(failed)
        yield Lines((f"{share} of all calls failed: none of them is in the percentiles above",), "note")


def warm_and_cold(summary: Any) -> Iterator[Block]:
    """Calls that waited for no load, and calls that did: their latencies have little in common."""
    classes = {state: summary[state] for state in ("warm", "cold")}
    if not all(of["calls"] for of in classes.values()):
        return
    yield Title("Warm and cold calls, ms (cold: an attempt waited for a load)")
    failed = any(of["failed"] for of in classes.values())
    rows = []
    for state, of in classes.items():
        row = [*cells(state, units.show_count(of["calls"]))]
        if failed:
            row.append(Cell(formats.percent_value(of["error_rate"])))
        row += [Cell(formats.value(of["latency_ms"][name])) for name in ("mean", "p50", "p90")]
        p99 = of["latency_ms"]["p99"]
        rows.append((*row, Cell(formats.value(p99), formats.interval(p99))))
    titles = ("calls", *(["failed"] if failed else []), "mean", "p50", "p90", "p99")
    yield Table((Column(), *(Column(title, "right") for title in titles)), tuple(rows))
    lacking = [
        f"no p99 of {state} calls: {formats.reason(of['latency_ms']['p99'])}"
        for state, of in classes.items()
        if of["latency_ms"]["p99"]["value"] is None
    ]
    if lacking:
        yield Lines(tuple(lacking), "note")
    if sum(of["calls"] for of in classes.values()) > summary["requests"]["total"]:
        yield Lines(("calls that failed before they reached a host are counted in both",), "note")


MANY_ERRORS = 0.001
"""Above this error rate the percentiles say that they are of successful calls."""


def _slower(of: Any) -> str:
    """The share of calls over a limit, and that of the successful ones where it is another."""
    successful = of["successful"]
    if successful["value"] == of["value"]:
        return f": {formats.percent(of)}"
    return f" or failed: {formats.percent(of)}; of successful calls {formats.percent_value(successful)}"


def ledger(summary: Any, asked: Sequence[str] = LEDGER_BANDS) -> Iterator[Block]:
    """What the calls of some bands spend their time on."""
    ledger = summary["ledger_ms"]
    bands = {band: ledger[band] for band in asked if ledger[band]["mean"]}
    if not bands:
        return
    yield Title("What latency is made of, ms and share (mean of the calls in each band)")
    shown = [
        part
        for part in parts_of(ledger["all"])
        if any(of[part] >= causes.NEGLIGIBLE * of["mean"] for of in bands.values())
    ]
    hidden = any(of[part] > 0.0 for of in bands.values() for part in parts_of(of) if part not in shown)
    parts = [Part(part, tuple(of[part] for of in bands.values()), phrases.PARTS[part]) for part in shown]
    names = tuple(f"{band}\n{calls_of_band(of)}" for band, of in bands.items())
    yield Bars(names, tuple(of["mean"] for of in bands.values()), tuple(parts))
    if hidden:
        yield Lines(("parts below 0.1 % are not shown",), "note")
    left_out = {band: ledger[band]["reason"] for band in asked if ledger[band]["mean"] is None}
    if left_out:
        yield Lines(tuple(f"{band} is left out: {reason}" for band, reason in left_out.items()), "note")


def _models(summary: Any) -> Iterator[Block]:
    yield Title("Models", called(summary))
    yield rows([*cache_rows(summary), *tenant_rows(summary)])


def called(summary: Any) -> str:
    """How many models were called."""
    tenants = summary["tenants"]
    return f"{units.show_count(tenants['called'])} of {units.show_count(tenants['models'])} were called"


def rows(named: Iterable[tuple[str, str]]) -> Table:
    """A table of names and what is said of each."""
    return Table((Column(), Column()), tuple(cells(*row) for row in named))


def cache_rows(summary: Any) -> Iterator[tuple[str, str]]:
    """Hits, loads, unloads and loaded models, each with its name."""
    yield "cache hits", formats.percent(summary["cache_hit_ratio"])
    if summary["model_loading_wait_ms"]["value"] is not None:
        yield "wait for a load", f"{formats.both(summary['model_loading_wait_ms'], unit=' ms')}, mean of cache misses"
    minutes = summary["replications"] * (summary["simulated_s"] - summary["warmup_s"]) / 60.0
    for name in ("loads", "unloads"):
        yield name, f"{units.show_count(summary[name])} ({formats.number(summary[name] / minutes)} a minute)"
    yield "loaded models", f"{formats.both(summary['loaded_models'])} copies on average, all hosts"


def tenant_rows(summary: Any) -> Iterator[tuple[str, str]]:
    """How cold the models are one by one, and how many meet the limits, each with its name."""
    tenants, cold = summary["tenants"], summary["tenants"]["cold_share"]
    if cold["p50"]["value"] is not None:
        yield "cold calls per model", ", ".join(f"{of} {formats.percent_value(cold[key])}" for key, of in COLD.items())
        yield "often cold", f"{formats.percent(tenants['often_cold'])} of models (in over 5 % of calls)"
    if tenants["meet_slo"]["value"] is not None:
        yield "meet the limits", f"{formats.percent(tenants['meet_slo'])} of models, each on its own calls"


COLD = {"p50": "median", "p90": "90th percentile", "worst": "worst"}


def errors(summary: Any) -> Iterator[Block]:
    """Failed calls by cause."""
    requests, attempts = summary["requests"], summary["attempts"]
    failed = {cause: n for cause, n in requests["errors"].items() if n}
    if requests["in_flight_at_end"]:
        failed["no answer when the run stopped"] = requests["in_flight_at_end"]
    total = units.show_count(requests["total"])
    yield Title(
        "Errors", f"{formats.percent(summary['error_rate'])} of {total} calls" if failed else f"none in {total} calls"
    )
    if failed:
        most_first = sorted(failed.items(), key=lambda item: (-item[1], item[0]))
        rows = tuple(cells(cause, units.show_count(n)) for cause, n in most_first)
        yield Table((Column(), Column(align="right")), rows)
    if attempts["retries"]:
        counts = [units.show_count(attempts[key]) for key in ("total", "retries")]
        yield Lines((f"{counts[0]} attempts, {counts[1]} of them retries",))


def resources(result: Shown, summary: Any) -> Iterator[Block]:
    """How much of each resource is used, on average and at most."""
    pids, hosts = summary["pids"], result.host_columns
    limit = "no limit" if pids["limit"] is None else f"of {units.show_count(pids['limit'])}"
    most = float(divide(hosts["memory_peak_bytes"], hosts["memory_bytes"], 0.0).max())
    rows: list[tuple[Cell, ...]] = []
    for name, key in RESOURCES.items():
        fullest = Cell(formats.share(_largest_mean(hosts, key)))
        peak = Cell(f"{formats.share(most)} of {formats.share(usable_memory(result))}" if name == "memory" else "")
        rows.append((Cell(name), formats.share_cell(summary[key]), fullest, peak))
    workers, busiest = summary["workers"], summary["workers"]["busiest"]
    if workers["utilization"]["value"] is not None:
        rows.append((Cell("workers"), formats.share_cell(workers["utilization"]), Cell(), Cell()))
    if "devices" in summary:
        for name, key in (("devices", "utilization"), ("device memory", "memory_utilization")):
            rows.append((Cell(name), formats.share_cell(summary["devices"][key]), Cell(), Cell()))
    rows.append(cells("processes and threads", "", "", f"{units.show_count(pids['peak'])} {limit}"))
    yield Title("Resources")
    fullest_host = Column("fullest host", "right", optional=True)
    yield Table((Column(), Column("mean", "right"), fullest_host, Column("peak", "right")), tuple(rows))
    if busiest["value"] is not None:
        yield Lines((f"busiest workers: those of {workers['busiest_model']}, {formats.percent(busiest)}",))


def usable_memory(result: Shown) -> float:
    """Share of a host's memory that container and models may fill."""
    endpoint = result.scenario.endpoint
    return endpoint.usable_memory_bytes / endpoint.host.memory_bytes


RESOURCES: Mapping[str, str] = MappingProxyType(
    {"CPU": "cpu_utilization", "memory": "memory_utilization", "disk": "disk_utilization"}
)
"""Name -> figure."""


def _largest_mean(hosts: Mapping[str, Floats], resource: str) -> float:
    """The mean over replications of the fullest host of each: which host it is may differ."""
    replication, used = hosts["replication"], hosts[resource]
    return mean([float(used[replication == one].max()) for one in np.unique(replication)])


def found(summary: Any, rule: str, title: str) -> Iterator[Block]:
    """The findings of one rule: what is believed, what was made of a config.properties."""
    found = [entry["text"] for entry in summary["findings"] if entry["id"] == rule]
    if found:
        yield Title(title)
        yield Lines(tuple(found), "list")


def steady(summary: Any) -> Iterator[Block]:
    """Whether the measured time was in steady state, and how that is known."""
    state = summary["steady_state"]
    mark = "" if state["verdict"] is None else f"{STATES[state['verdict']]}, "
    yield Title("Steady state", f"{mark}{state['evidence']}")


STATES = {"steady": "yes", "warming up": "WARMING UP", "saturated": "SATURATED", "too short": "TOO SHORT"}


def self_check(found: Mapping[str, str]) -> Iterator[Block]:
    """What the simulator verified of itself, in words; what is wrong by the names of summary.json."""
    if not checks.passed(found):
        yield Title("Self-check", checks.line(found))
        return
    yield Title("Self-check", f"ok ({', '.join(CHECKS.get(name, name) for name in found)})")


CHECKS = {
    "conservation": "no call lost",
    "attempts": "no attempt lost",
    "ledger": "parts add up to the latency",
    "devices": "memory of devices",
    "little": "Little's law",
    "memory": "memory",
    "tasks": "processes and threads",
    "disk": "disk",
    "gone": "nothing left on instances that are gone",
    "causes": "causes of errors",
}


def _limit(name: str) -> str:
    return units.show_seconds(units.seconds(name), digits=12)
