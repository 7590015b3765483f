"""NVIDIA Triton in its SageMaker mode: its rules and its figures.

Source: triton-inference-server/server: src/sagemaker_server (loads, unloads, threads), docs/user_guide (batcher,
model_configuration); triton-inference-server/core: src/dynamic_batch_scheduler.
"""

from __future__ import annotations

from math import ceil
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from mmesim import units
from mmesim.scenario.clients.causes import Cause
from mmesim.scenario.server.kind import LARGEST_BATCH, UNLOAD_POLL_S, Queue, ServerKind, Workers
from mmesim.scenario.server.overhead import CpuWait

if TYPE_CHECKING:
    from mmesim.scenario.models.groups import Model

EVENT_LOOPS = 8
"""Default of `--sagemaker-thread-count`."""
UNLOAD_LOOKS_S = 0.5
"""An unload looks this often whether the model is gone, and sleeps once more when it is."""
ONE_PROCESS = "it runs models inside the one process of the server"
INSTANCES = "it has as many instances of a model as its configuration says, always"


class Triton(ServerKind):
    """One queue for each model, in front of its instances: threads of one process, a number of them on each device."""

    title = "Triton"
    defaults = MappingProxyType({"job_queue_size": None, "max_batch_delay_s": 0.0, "process_start": CpuWait()})
    required = MappingProxyType(
        {
            "overhead": (
                "what its front end costs for each call is not published",
                "overhead: none, or what you measured",
            ),
            "base_tasks": (
                "its processes and threads without any model are not published",
                "base_tasks: as many as `ls /proc/PID/task` shows in your container",
            ),
        }
    )
    meaningless = MappingProxyType(
        {
            "config": "it reads config.pbtxt of each model, not a file of MMS: give the values as keys of the server",
            "preload_model": ONE_PROCESS,
            "preload_dirty_bytes": ONE_PROCESS,
            "process_start": ONE_PROCESS,
            "max_workers": INSTANCES,
            "max_idle_s": INSTANCES,
            "reserved_memory_bytes": "it loads a model and says when memory was lacking",
            "queue": "it has one queue for each model",
            "server_workers": "it has instances for each model",
            "max_models": "memory and disk are its only limits",
        }
    )
    meaningless_of_model = MappingProxyType(
        {
            "preload_model": ONE_PROCESS,
            "process_memory_bytes": f"{ONE_PROCESS}: give what a model adds as memory",
            "framework_threads": f"{ONE_PROCESS}, whose threads they share",
            "max_workers": INSTANCES,
        }
    )

    @property
    def devices(self) -> int:
        """Devices on each of which a model has its instances: the GPUs, or the CPU as one."""
        return max(1, self.gpus)

    @property
    def documented_with_gpus(self) -> bool:
        """It is the server of AWS's GPU endpoints."""
        return True

    def pool_memory_bytes(self, model: Model) -> int:
        """The model, for each instance."""
        return self._instances(model) * model.memory_bytes

    def pool_tasks(self, model: Model) -> int:
        """The threads of a call, for each instance."""
        return self._instances(model) * model.service.threads

    def copy_in_words(self, model: Model) -> str:
        """Its instances."""
        instances = self._instances(model)
        return f"{instances} instance{'' if instances == 1 else 's'} of {units.show_bytes(model.memory_bytes)}"

    @property
    def queue(self) -> Queue:
        """One for each model, without a bound unless one is given; what is refused gets 400."""
        return Queue("model", self.server.queue_bound, Cause.queue_full)

    def model_workers(self, model: Model) -> Workers:
        """`workers` on each device, always."""
        return Workers(at_start=self._instances(model), at_most=self._instances(model))

    def loads_at_once(self, model: Model) -> int:
        """One thread loads the model."""
        return 1

    @property
    def batch_without_delay(self) -> int:
        """All that waits."""
        return LARGEST_BATCH  # all that waits, up to the largest size of the model

    @property
    def delay_from_arrival(self) -> bool:
        """No call is delayed longer than `max_batch_delay` for the sake of its batch."""
        return True

    @property
    def event_loops(self) -> int:
        """As given, else eight."""
        given = self.server.event_loops
        return EVENT_LOOPS if given is None else given

    @property
    def load_keeps_loop(self) -> Literal["load"]:
        """A load runs on the thread that read it."""
        return "load"

    def unload_s(self, asked_s: float) -> float:
        """It looks every half second, and sleeps half a second after it has seen that the model is gone."""
        return UNLOAD_LOOKS_S * (ceil(asked_s / UNLOAD_LOOKS_S) + 1)

    @property
    def unload_blocks_loops(self) -> bool:
        """An unload holds the lock that each call takes to find its model."""
        return True

    def death(self, model: Model | None) -> None:
        """Instances are threads: what kills one kills the server."""
        return

    @property
    def unload_poll_s(self) -> float:
        """Each millisecond."""
        return UNLOAD_POLL_S

    def _instances(self, model: Model) -> int:
        return model.workers * self.devices
