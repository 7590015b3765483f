"""How busy workers are: the section `workers` of the summary."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmesim.results.figures.figures import FORMULAS, estimated, measured_s, worker_use
from mmesim.results.figures.tenants import pooled_tenants
from mmesim.results.measured.run_data import RunData
from mmesim.stats.means import CONFIDENCE


def workers(runs: Sequence[RunData], confidence: float = CONFIDENCE) -> dict[str, object]:
    """Utilization of all workers and of those of the busiest model, with its name."""
    use = worker_use(pooled_tenants(runs), sum(map(measured_s, runs)))
    return {
        "utilization": estimated(FORMULAS["workers.utilization"], runs, confidence).as_dict(),
        "busiest": estimated(FORMULAS["workers.busiest"], runs, confidence).as_dict(),
        "busiest_model": None if np.isnan(use).all() else runs[0].model_names[int(np.nanargmax(use))],
    }
