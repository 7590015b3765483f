"""Meters read a running endpoint at their own times, computed by hand; they change neither the run nor its windows."""

from __future__ import annotations

import numpy as np
import pytest

from mmesim.engine.measure.figures import FIGURES, OF_DEVICES
from mmesim.engine.measure.live import Meter, Period
from mmesim.engine.simulation import Simulation
from mmesim.scenario import RunSettings, Scenario
from tests.behaviour.timeline import endpoint, model, scenario

CALLS = [(1.0, "a", 0.5), (12.0, "a", 1.0), (12.5, "a", 1.0), (58.0, "a", 4.0)]
"""When, which model, how long."""


@pytest.fixture
def case(tmp_path):
    built = scenario(tmp_path, CALLS, [model("a")], endpoint(hosts=2, warm=True))
    return built.model_copy(update={"run": RunSettings(duration_s=120.0)})


def read_every(simulation: Simulation, meter: Meter, seconds: float, into: list[Period]):
    while True:
        yield simulation.env.timeout(seconds)
        into.append(meter.read(seconds))


def read(case: Scenario, *every_s: float) -> tuple[Simulation, list[list[Period]]]:
    """A run of 120 s whose meters were read as often."""
    simulation = Simulation(case)
    found: list[list[Period]] = [[] for _ in every_s]
    for seconds, into in zip(every_s, found, strict=True):
        simulation.env.process(read_every(simulation, simulation.live.meter(), seconds, into))
    simulation.env.run(until=120.5)
    return simulation, found


def test_a_meter_reads_what_happened_since_it_was_read(case):
    _, (tens, minutes) = read(case, 10.0, 60.0)
    # Calls end at 1.5, 13 (its worker is busy until then), 14 and 62.
    assert [one.figures["Invocations"] for one in tens[:7]] == [1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    assert [one.figures["Invocations"] for one in minutes] == [3.0, 1.0]
    assert [one.figures["InvocationsPerInstance"] for one in minutes] == [1.5, 0.5]
    assert [one.instances for one in minutes] == [2.0, 2.0]
    # Latencies 0.5, 1 and 1.5 s, then 4 s.
    np.testing.assert_allclose([one.figures["ModelLatency"] for one in minutes], [1e6, 4e6])
    assert [int(one.latencies.sum()) for one in minutes] == [3, 1]
    np.testing.assert_allclose(tens[2].figures["ModelLatency"], np.nan)


def test_the_most_in_flight_is_that_of_the_period_only(case):
    _, (tens, minutes) = read(case, 10.0, 60.0)
    # Two calls are in flight from 12.5 to 13; one is from 58 to 62.
    assert [one.figures["ConcurrentRequestsPerModel"] for one in tens[:7]] == [1.0, 2.0, 0.0, 0.0, 0.0, 1.0, 1.0]
    assert [one.figures["ConcurrentRequestsPerModel"] for one in minutes] == [2.0, 1.0]


def test_meters_disturb_neither_the_windows_nor_each_other(case):
    alone, (minutes,) = read(case, 60.0)
    among, (_, _, same) = read(case, 7.0, 10.0, 60.0)
    for name, values in alone.windows.table().items():
        np.testing.assert_allclose(among.windows.table()[name], values, rtol=1e-12, err_msg=name)
        if name in minutes[0].figures:
            np.testing.assert_allclose([one.figures[name] for one in minutes], values, rtol=1e-12, err_msg=name)
            np.testing.assert_allclose([one.figures[name] for one in same], values, rtol=1e-12, err_msg=name)


def test_a_meter_of_few_figures_leaves_the_windows_as_they_are_to_the_last_bit(case):
    alone, _ = read(case)
    simulation = Simulation(case)
    meter = simulation.live.meter(["ConcurrentRequestsPerModel"])
    simulation.env.process(read_every(simulation, meter, 7.0, []))
    simulation.env.run(until=120.5)
    for name, values in alone.windows.table().items():
        np.testing.assert_array_equal(simulation.windows.table()[name], values, err_msg=name)


def test_a_meter_that_comes_later_begins_then(case):
    simulation = Simulation(case)
    found: list[Period] = []

    def late():
        yield simulation.env.timeout(13.5)
        meter = simulation.live.meter()
        yield simulation.env.timeout(6.5)
        found.append(meter.read(6.5))

    simulation.env.process(late())
    simulation.env.run(until=30.0)
    assert found[0].figures["Invocations"] == 1.0
    assert found[0].figures["ConcurrentRequestsPerModel"] == 1.0


def test_a_meter_of_some_figures_reads_them_as_one_of_all_does(case):
    for name in set(FIGURES) - OF_DEVICES:
        simulation = Simulation(case)
        some, every = simulation.live.meter([name]), simulation.live.meter()
        simulation.env.run(until=13.5)
        first = some.read(13.5).figures, every.read(13.5).figures
        simulation.env.run(until=70.0)
        second = some.read(56.5).figures, every.read(56.5).figures
        for one, whole in (first, second):
            assert list(one) == [name]
            np.testing.assert_equal(one[name], whole[name])
