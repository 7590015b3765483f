"""The accelerators of a host, such as GPUs: a second resource, with memory of its own.

How many jobs a device does at a time and how fast memory is copied to it AWS does not publish (U).
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from mmesim import units
from mmesim.scenario.values.fields import Bandwidth, Bytes, Count, Data, Refused

MOST_DEVICES, MOST_AT_ONCE = 64, 10_000


class Devices(Data):
    """The accelerators of one host, all alike; count and memory come from the catalogue unless they are given."""

    lone_key: ClassVar[str | None] = "count"

    count: Annotated[Count, Field(ge=1, le=MOST_DEVICES)] = 1
    """Devices of a host; the workers of all models share them out in turn, as MMS does."""
    memory_bytes: Annotated[Bytes, Field(gt=0)] = Field(alias="memory")
    """Memory of each device."""
    base_memory_bytes: Bytes = Field(units.bytes_("1 GiB"), alias="base_memory")
    """Memory of each device that the container takes without any model (U); two published runs give 0.6 and 1.0 GiB."""
    at_once: Annotated[Count, Field(ge=1, le=MOST_AT_ONCE)] = 1
    """Jobs that a device does at a time, each at full speed; the others wait in the order in which they came (U)."""
    copy_Bps: Annotated[Bandwidth, Field(gt=0)] = Field(6e9, alias="copy")
    """Rate at which a model is copied to a device (U); PCIe 3.0 x16 carries 15.75 GB/s at most."""

    @property
    def free_bytes(self) -> int:
        """Memory for models on each device."""
        return self.memory_bytes - self.base_memory_bytes

    @model_validator(mode="after")
    def _room_for_models(self) -> Devices:
        if self.free_bytes <= 0:
            memory, base = units.show_bytes(self.memory_bytes), units.show_bytes(self.base_memory_bytes)
            raise Refused(f"no memory of a device is left for models: {memory}, {base} for the container", ("memory",))
        return self
