"""How busy and how full devices are: the section `devices` of the summary."""

from __future__ import annotations

from collections.abc import Sequence

from mmesim.results.figures.figures import FORMULAS, estimated
from mmesim.results.measured.run_data import RunData
from mmesim.stats.means import CONFIDENCE


def devices(runs: Sequence[RunData], confidence: float = CONFIDENCE) -> dict[str, object] | None:
    """Utilization of all devices and of their memory, and the copies of models to them; None where none was used."""
    used = [run.devices for run in runs if run.devices is not None]
    if not used:
        return None
    return {
        "utilization": estimated(FORMULAS["devices.utilization"], runs, confidence).as_dict(),
        "memory_utilization": estimated(FORMULAS["devices.memory_utilization"], runs, confidence).as_dict(),
        "copies": int(sum(of.copies.sum() for of in used)),
    }
