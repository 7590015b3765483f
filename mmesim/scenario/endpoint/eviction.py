"""Which idle model is unloaded first when memory is needed (U: AWS documents only "unused models")."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from mmesim.scenario.values.fields import Seconds
from mmesim.scenario.values.forms import Form, OneOf
from mmesim.scenario.values.function import FUNCTION, Function


class EvictionPolicy(StrEnum):
    """The rules that need nothing but their name."""

    lru = "lru"
    fifo = "fifo"
    lfu = "lfu"
    random = "random"
    size = "size"
    gdsf = "gdsf"


class Ttl(Form):
    """Models that were loaded longer ago than `ttl` go first; among them, and after them, as in LRU."""

    form: ClassVar[str] = "ttl"
    example: ClassVar[str] = "10 min"
    only: ClassVar[str | None] = "ttl_s"

    ttl_s: Annotated[Seconds, Field(gt=0)] = Field(alias="ttl")
    """Time since its load after which an idle model is unloaded first."""


class Gdsf(Form):
    """Greedy-Dual-Size-Frequency with a cost."""

    form: ClassVar[str] = "gdsf"

    cost: Literal[1, "load_time"] = 1
    """Cost of a miss: 1 for every model, or the mean time of the model's load."""


Eviction = EvictionPolicy | Ttl | Gdsf | Function

EVICTIONS = OneOf(
    "eviction rule",
    "{ttl: 10 min} or module:function",
    (FUNCTION, Ttl, Gdsf),
    words={policy.value: policy for policy in EvictionPolicy},
)
EvictionField = Annotated[Eviction, EVICTIONS]
"""A field of the schema that holds an eviction rule."""
