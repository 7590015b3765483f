"""Windows in which nothing happens are found without waiting for each, and are what they would be."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from mmesim.engine.measure.windows import Windows
from mmesim.engine.simulation import simulate
from mmesim.results.measured.windows import START, WindowTable, part
from mmesim.results.result import Result
from mmesim.results.summary.steady import steady_state
from mmesim.scenario import CpuWait, Poisson, RunSettings, Scenario, Traffic
from mmesim.scenario.models.groups import Service
from mmesim.scenario.values.times import Constant
from tests.laws.scenarios import instant_endpoint, instant_model, instant_server, patient_clients


def quiet(rate_per_s: float, duration_s: float, service: Service, instances: int = 2) -> Scenario:
    return Scenario(
        name="quiet",
        endpoint=instant_endpoint(instance_count=instances),
        server=instant_server(),
        models=(instant_model(count=5, service=service, load=CpuWait(cpu=Constant(2.0), wait=Constant(3.0))),),
        traffic=(Traffic(arrivals=Poisson(rate_per_s=rate_per_s)),),
        clients=patient_clients(),
        run=RunSettings(duration_s=duration_s, warmup_s=90.0),
    )


@pytest.mark.parametrize(
    "service", [Service(cpu=Constant(0.1)), Service(cpu=Constant(200.0)), Service(wait=Constant(400.0))]
)
def test_windows_are_the_same_whether_or_not_quiet_ones_are_waited_for(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Calls every 20 min that take up to 7 min: windows with nothing, with a CPU at work, with a call in the system.
    scenario = quiet(1 / 1200, 86_430.0, service)
    found = simulate(scenario).windows
    assert isinstance(found, WindowTable)
    assert len(found.repeats) < len(found[START]) / 3
    monkeypatch.setattr(Windows, "_quiet", lambda self, first: 0)
    waited = simulate(scenario).windows
    assert list(found) == list(waited)
    for name, values in found.items():
        np.testing.assert_allclose(values, waited[name], rtol=1e-9, atol=1e-6, err_msg=name)


def test_a_quiet_year_has_few_rows_and_is_judged_and_written_without_many_of_its_columns(tmp_path: Path) -> None:
    scenario = quiet(1 / 36_000, 365 * 86_400.0, Service(cpu=Constant(0.1)))
    data = simulate(scenario)
    assert isinstance(data.windows, WindowTable)
    assert len(data.windows[START]) == 365 * 1440
    assert len(data.windows.repeats) < 10 * data.calls
    assert np.nansum(data.windows["Invocations"]) == data.begun
    column_bytes = data.windows[START].nbytes
    tracemalloc.start()
    try:
        steady_state(scenario, [data])
        assert tracemalloc.get_traced_memory()[1] < 4 * column_bytes
        tracemalloc.reset_peak()
        Result(scenario, (data,)).save(tmp_path / "year")
        assert tracemalloc.get_traced_memory()[1] < 6 * column_bytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("first", "after"), [(0, 1), (0, 400), (37, 512), (1_430, 2_000)])
def test_a_part_of_the_windows_is_what_stands_there(first: int, after: int) -> None:
    windows = simulate(quiet(1 / 3_600, 86_430.0, Service(cpu=Constant(0.1)))).windows
    assert isinstance(windows, WindowTable)
    found = part(windows, slice(first, after))
    assert list(found) == list(windows)
    for name, values in found.items():
        np.testing.assert_array_equal(values, windows[name][first:after], err_msg=name)
        np.testing.assert_array_equal(values, part(dict(windows), slice(first, after))[name], err_msg=name)
