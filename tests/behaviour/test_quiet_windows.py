"""Windows in which nothing happens are found without waiting for each, and are what they would be."""

from __future__ import annotations

import numpy as np
import pytest

from mmesim.engine.measure.windows import Windows
from mmesim.engine.simulation import simulate
from mmesim.results.tables.windows import START, WindowTable
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


def test_a_quiet_year_has_few_rows() -> None:
    data = simulate(quiet(1 / 36_000, 365 * 86_400.0, Service(cpu=Constant(0.1))))
    assert isinstance(data.windows, WindowTable)
    assert len(data.windows[START]) == 365 * 1440
    assert len(data.windows.repeats) < 10 * data.calls
    assert np.nansum(data.windows["Invocations"]) == data.begun
