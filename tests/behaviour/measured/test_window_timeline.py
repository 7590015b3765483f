"""The timeline of a window that is small enough to compute by hand, and names that try to do harm."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

from mmesim.engine.timeline.watch import watch
from mmesim.results.measured.happened import Kind
from mmesim.results.timeline.trace import Trace, trace
from mmesim.scenario.faults.fault import Fault, named
from mmesim.scenario.scenario import Scenario
from tests.behaviour.timeline import endpoint, model, scenario
from tests.helpers.trace_events import Event, checked, slices

S = 1_000_000


def shown(of: Scenario, start_s: float, end_s: float) -> Trace:
    return trace(of, watch(of, 0, (start_s, end_s)))


def spans(events: list[Event]) -> list[tuple[str, float, float, int]]:
    """Name, begin and end in seconds, lane from 1."""
    return [(one["name"], one["ts"] / S, (one["ts"] + one["dur"]) / S, one["tid"] % S) for one in events]


def test_loads_calls_and_evictions_are_where_they_happened(tmp_path: Path) -> None:
    # Room for one copy. `a` is loaded in [10, 11] for two calls, which its worker serves one after the other; `b`
    # evicts it, is loaded in [20.5, 21.5] and serves until 22.
    of = scenario(
        tmp_path,
        [(10.0, "a", 2.0), (10.5, "a", 3.0), (20.0, "b", 0.5)],
        [model("a"), model("b")],
        endpoint(copies=1, unload_s=0.5),
    )
    events = checked(shown(of, 5.0, 30.0).text)
    assert spans(slices(events, "requests")) == [("a", 10.0, 13.0, 1), ("a", 10.5, 16.0, 2), ("b", 20.0, 22.0, 1)]
    assert spans(slices(events, "workers")) == [("a", 11.0, 13.0, 1), ("a", 13.0, 16.0, 1), ("b", 21.5, 22.0, 1)]
    loads = spans(slices(events, "loads"))
    assert loads == [("load a", 10.0, 11.0, 1), ("load b", 20.0, 21.5, 1), ("unload a", 20.0, 20.5, 2)]
    inside = [one for one in events if one["ph"] == "X" and "args" not in one and one["cat"] == "loads"]
    assert spans(inside) == [("load", 10.0, 11.0, 1), ("memory wait", 20.0, 20.5, 1), ("load", 20.5, 21.5, 1)]
    assert [(one["name"], one["ts"] / S) for one in events if one.get("cat") == "evictions"] == [("evict a", 20.0)]
    waits = [(one["ph"], one["id"], one["name"], one["ts"] / S) for one in events if one.get("cat") == "waits"]
    assert waits == [
        ("b", 0, "wait for the load", 10.0),
        ("b", 1, "wait for the load", 10.5),
        ("e", 0, "wait for the load", 11.0),
        ("e", 1, "wait for the load", 11.0),
        ("b", 1, "queue", 11.0),
        ("e", 1, "queue", 13.0),
        ("b", 2, "wait for the load", 20.0),
        ("e", 2, "wait for the load", 21.5),
    ]
    second = slices(events, "requests")[1]["args"]
    assert second == {
        "model": "a",
        "call": 1,
        "answer": "ok",
        "latency_ms": 5500.0,
        "found_ready": False,
        "attempts": 1,
        "ledger_ms": {"load": 500.0, "queue": 2000.0, "service": 3000.0},
    }


def test_counters_say_what_was_there(tmp_path: Path) -> None:
    of = scenario(tmp_path, [(10.0, "a", 2.0), (10.5, "a", 3.0)], [model("a", cpu=True)], endpoint())
    events = checked(shown(of, 0.0, 24.0).text)  # 240 periods of 0.1 s
    values: dict[tuple[str, str], dict[float, float]] = defaultdict(dict)
    for one in events:
        if one["ph"] == "C":
            for series, value in one["args"].items():
                values[one["name"], series][one["ts"] / S] = round(value, 9)
    assert [at for at, value in values["busy vCPUs", "mean"].items() if value == 1.0] == [
        round(0.1 * k, 1) for k in range(110, 160)
    ]
    assert max(values["memory", "GiB"].values()) == round(100 / 1024, 9)
    assert values["calls that wait", "for a load"][10.9] == 2
    assert values["calls that wait", "for a worker"][12.9] == 1
    assert values["calls that wait", "for a worker"][13.1] == 0
    assert values["calls at the endpoint", "mean"][13.5] == 1.0


def test_what_failed_and_what_is_under_way_is_shown_as_far_as_it_is_known(tmp_path: Path) -> None:
    of = scenario(
        tmp_path, [(10.0, "a", 1.0)], [model("a", load_s=50.0)], endpoint(load_timeout_s=5.0, load_limit_s=100.0)
    )
    events = checked(shown(of, 9.0, 20.0).text)
    assert spans(slices(events, "requests")) == [("a: load_timeout", 10.0, 15.0, 1)]
    load = slices(events, "loads")[0]
    assert spans([load]) == [("load a", 10.0, 20.0, 1)]
    assert load["args"]["outcome"] == "under way"
    assert slices(events, "workers") == []


def test_what_happened_to_the_fleet_is_an_instant_of_all_processes(tmp_path: Path) -> None:
    fault = named((Fault.model_validate({"name": "gone", "instance_loss": {"instance": 0}, "at_s": 12.0}),))
    of = scenario(tmp_path, [(10.0, "a", 5.0)], [model("a")], endpoint(hosts=2), faults=fault)
    events = checked(shown(of, 0.0, 30.0).text)
    found = {one["name"]: one["ts"] / S for one in events if one.get("cat") == "journal"}
    assert found[f"{Kind.fault.value} gone"] == 12.0
    assert all(one["s"] == "g" for one in events if one.get("cat") == "journal")


def test_hostile_names_do_no_harm(tmp_path: Path) -> None:
    names = ["<script>alert(1)</script>", 'a"b\\c', "=cmd()|calc", "\u202eevil\u2066", "x" * 300, "</traceEvents>]}"]
    quick = scenario(tmp_path, [(1.0, "m", 0.5)], [model("m")], endpoint())
    for name in names:
        hostile = quick.model_copy(update={"models": (model("m").model_copy(update={"name": name}),)})
        seen = watch(quick, 0, (0.0, 5.0))
        text = trace(hostile, seen).text
        assert text.isascii()
        assert text.isprintable()
        assert slices(checked(text), "requests")[0]["name"] == name
        assert json.loads(text)["otherData"]["scenario"] == "timeline"


def test_the_same_window_gives_the_same_bytes(tmp_path: Path) -> None:
    of = scenario(tmp_path, [(1.0, "a", 0.5), (1.2, "b", 0.5)], [model("a"), model("b")], endpoint())
    assert shown(of, 0.0, 5.0).gzipped() == shown(of, 0.0, 5.0).gzipped()
