"""CPU over time on the page: each host counts with its own vCPUs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mmesim.report.page.cpu import per_vcpu
from mmesim.results.folder.shown import Kept
from tests.unit.report.page.test_page import result


def test_a_fleet_of_two_types_has_the_vcpus_of_the_hosts_that_are_there() -> None:
    """Host 0 of 2 vCPUs to 90 s, host 1 of 8 from 60 s on; a host of 2 vCPUs, half busy, is at 100 for CloudWatch."""
    of = result().scenario
    hosts = pa.table({"replication": [0, 0], "host": [0, 1], "vcpu": [2, 8]})
    happened = pa.table(
        {
            "replication": [0, 0],
            "at_s": [60.0, 90.0],
            "kind": ["in_service", "gone"],
            "name": ["", ""],
            "host": [1.0, 0.0],
        }
    )
    nothing: Any = None
    kept = Kept(Path(), of, "", {}, nothing, {"hosts": hosts, "happened": happened})
    minutes = {
        "replication": np.zeros(3),
        "start_s": np.array([0.0, 60.0, 120.0]),
        "CPUUtilization": np.array([100.0, 300.0, 400.0]),
    }
    (found,) = per_vcpu(kept, iter([minutes]), 60.0)
    # In the second minute half a host of 2 and one of 8 vCPUs: 9 of them, over 1.5 hosts.
    np.testing.assert_allclose(found["CPUUtilization"], [50.0, 50.0, 50.0])
