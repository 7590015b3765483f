"""What a framework costs before any model: one row for each, with its source."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mmesim.scenario.server.overhead import CpuWait
from mmesim.scenario.values.times import Constant

_MIB = 2**20
NO_WORK = CpuWait()


class Framework(StrEnum):
    """Frameworks with a preset."""

    python = "python"
    xgboost = "xgboost"
    sklearn = "sklearn"
    tensorflow = "tensorflow"
    pytorch = "pytorch"


@dataclass(frozen=True, slots=True)
class Preset:
    """Defaults of one framework; None where no figure was found, so that the scenario must give it.

    `process_memory_bytes` is the memory of one worker without its model. `load` is the work of one worker after
    the interpreter has started (`server.process_start`). `framework_threads` is the number of threads of a process at
    rest: 1, because MMS sets OMP_NUM_THREADS=1. `oversubscription` is the price of threads that spin; it acts only on
    models with `service.threads` above 1.
    """

    process_memory_bytes: int | None
    load: CpuWait | None
    framework_threads: int
    oversubscription: float
    source: str
    first_call: CpuWait = NO_WORK


def _work(cpu_s: float, wait_s: float = 0.0) -> CpuWait:
    return CpuWait(cpu=Constant(cpu_s), wait=Constant(wait_s))


PRESETS: dict[Framework, Preset] = {
    Framework.python: Preset(
        80 * _MIB,
        _work(0.13),
        1,
        0.0,
        "memory: as xgboost, a worker that imports common libraries; load: numpy, measured",
    ),
    Framework.xgboost: Preset(
        80 * _MIB,
        _work(0.2, 0.4),
        1,
        0.0,
        "memory: marginal (USS) of four workers, measured; load: published 0.8 s and about 0.4 CPU-s for tiny models, "
        "less the 0.2 s of the interpreter; the SageMaker container sets nthread = 1",
    ),
    Framework.sklearn: Preset(
        94 * _MIB, _work(1.1), 1, 0.0, "memory: marginal (USS) of four workers, measured; load: import, measured"
    ),
    Framework.tensorflow: Preset(
        338 * _MIB,
        _work(3.26),
        1,
        0.1,
        "memory: marginal (USS) 367 MiB of four workers less their 30 MB model, measured; load: import, measured; "
        "first call: 0.28 s more for MobileNetV2, 0.43 s for ResNet50, measured",
        _work(0.35),
    ),
    Framework.pytorch: Preset(
        None, None, 1, 0.1, "no trustworthy figure for memory and import was found: the scenario gives them"
    ),
}
