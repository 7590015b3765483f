"""Every open-loop process that a file can name has its row, with its draws and its expected calls."""

from __future__ import annotations

from mmesim.scenario.traffic.arrivals import ARRIVALS
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from mmesim.scenario.traffic.planned import ModelSweep
from mmesim.workload.arrivals.processes import PROCESSES


def test_every_process_of_the_schema_has_a_row() -> None:
    assert set(PROCESSES) == set(ARRIVALS.classes) - {ClosedLoop, ModelSweep}
