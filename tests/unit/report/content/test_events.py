"""What happened in order of time: words and units, and one row for each moment."""

from __future__ import annotations

import pytest

from mmesim.report.blocks import Table
from mmesim.report.content.events import Event, in_order
from mmesim.results.measured.happened import Kind


def event(at_s: float, kind: str, name: str = "", **figures: float) -> Event:
    return {"replication": 0, "at_s": at_s, "kind": kind, "name": name, "desired": None, **figures}


def rows(*events: Event) -> list[tuple[str, str]]:
    (table,) = [block for block in in_order(events) if isinstance(block, Table)]
    return [(at.text, what.text) for at, what in table.rows]


def test_hosts_of_the_same_moment_are_one_sentence() -> None:
    asked = [event(480.0, "provisioning") for _ in range(3)]
    later = [event(900.0, "in_service", host=3 + i, after_s=420.0) for i in range(3)]
    drained = [event(900.0, "draining", host=i) for i in (0, 2)]
    assert rows(*asked, *later, *drained) == [
        ("8 min", "3 hosts asked for"),
        ("15 min", "hosts 3 to 5 in service, asked for 7 min before; hosts 0, 2: no new calls"),
    ]


def test_a_scaling_names_its_metric_and_hosts() -> None:
    tracked = event(
        480.0, "scale_out", "target_tracking CPUUtilization", hosts=2.0, desired=5.0, metric=772.25, alarm_s=480.0
    )
    assert rows(tracked) == [
        ("8 min", "scale-out CPUUtilization: 2 hosts more, 5 in all (the metric at 772.2, in alarm from 8 min on)")
    ]
    scheduled = event(60.0, "scale_in", "scheduled night", hosts=1.0, desired=2.0)
    assert rows(scheduled) == [("60 s", "scale-in scheduled night: 1 host fewer, 2 in all")]


def test_a_deploy_in_words() -> None:
    begun = event(60.0, "deploy", "img", old=5.0, new=3.0)
    shifted = event(120.0, "shifted", "img", share=0.3, new_on=1.0, old_on=4.0)
    done = event(180.0, "deployed", "img", most_hosts=8.0, extra_host_s=1800.0)
    assert [what for _, what in rows(begun, shifted, done)] == [
        "deploy img: from 5 hosts to 3 new",
        "shifted img: 30 % of the traffic to 1 new host, 4 old hosts left",
        "deployed img: at most 8 hosts at a time, 0.5 host-hours beyond either configuration",
    ]


@pytest.mark.parametrize("kind", [Kind.alarm, Kind.fault, Kind.fault_over, Kind.killed])
def test_a_kind_without_figures_is_named(kind: Kind) -> None:
    assert rows(event(1.0, kind.value, "x")) == [("1 s", f"{kind.value.replace('_', '-')} x")]


def test_a_column_of_the_table_is_never_shown_raw() -> None:
    shown = " ".join(what for _, what in rows(event(1.0, "fault", "az", zone=1.0, hosts=2.0)))
    assert shown == "fault az: zone 1, 2 hosts lost"
