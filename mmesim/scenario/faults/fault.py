"""One fault: what goes wrong, and when."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from mmesim.scenario.faults.kinds import (
    KINDS,
    ContainerRestart,
    FailingS3,
    InstanceLoss,
    Kind,
    Leak,
    PoisonModel,
    SlowInstance,
    SlowS3,
    WorkerCrash,
    ZoneLoss,
)
from mmesim.scenario.run.condition import ConditionField
from mmesim.scenario.values.fields import Data, Rate, Refused, Seconds, Text, shown
from mmesim.scenario.values.named import with_names

MOMENTS = ("at", "rate", "when")
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


class Fault(Data):
    """What goes wrong, with exactly one kind, and when: exactly one of `at`, `rate` and `when`."""

    name: Text = ""
    """Name of the fault, on which its random numbers depend, for `expect` (`after NAME`) and the results; default: its
    kind, such as zone_loss; of several of a kind also its number in the order of the file: zone_loss-1, zone_loss-2.
    """
    slow_s3: SlowS3 | None = None
    """Downloads take longer."""
    failing_s3: FailingS3 | None = None
    """Downloads fail."""
    slow_instance: SlowInstance | None = None
    """The CPUs of an instance are slower."""
    worker_crash: WorkerCrash | None = None
    """Workers die."""
    leak: Leak | None = None
    """Memory is not given back."""
    poison_model: PoisonModel | None = None
    """Loads of some models fail."""
    instance_loss: InstanceLoss | None = None
    """An instance dies."""
    zone_loss: ZoneLoss | None = None
    """The instances of an Availability Zone die."""
    container_restart: ContainerRestart | None = None
    """The container of an instance dies and is started again."""
    at_s: Seconds | None = Field(None, alias="at")
    """When, from the start of the run."""
    rate_per_s: Annotated[Rate, Field(gt=0)] | None = Field(None, alias="rate")
    """How often on average, at random moments (a Poisson process)."""
    when: ConditionField | None = None
    """The first time that a line as in `expect` becomes true, such as `cpu_utilization > 90 %`, asked each minute."""

    @property
    def kind(self) -> str:
        """Its key in the file, such as `zone_loss`."""
        return next(key for key in KINDS if getattr(self, key) is not None)

    @property
    def what(self) -> Kind:
        """What goes wrong."""
        found: Kind = getattr(self, self.kind)
        return found

    @property
    def for_s(self) -> float | None:
        """How long it lasts; None: to the end of the run, or just a moment."""
        return getattr(self.what, "for_s", None)

    @field_validator("name", mode="after")
    @classmethod
    def _one_word(cls, name: str) -> str:
        """`recovery after NAME < 5 min` must be readable."""
        if name and not _NAME.fullmatch(name):
            plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-")
            raise Refused(f"{shown(name)} is not one word of letters, digits, -, _ and .", (), plain or None)
        return name

    @model_validator(mode="after")
    def _one_kind(self) -> Fault:
        kinds = [key for key in KINDS if getattr(self, key) is not None]
        if not kinds:
            raise Refused(f"does not say what goes wrong: one of {', '.join(KINDS)}", (), "add zone_loss: {zone: 1}")
        if len(kinds) > 1:
            raise Refused(f"{' and '.join(kinds)} exclude each other: write two faults", (kinds[1],))
        return self

    @model_validator(mode="after")
    def _one_moment(self) -> Fault:
        given = {"at": self.at_s, "rate": self.rate_per_s, "when": self.when}
        moments = [key for key in MOMENTS if given[key] is not None]
        if not moments:
            raise Refused("does not say when: at, rate or when", (), "add at: 10 min")
        if len(moments) > 1:
            raise Refused(f"{' and '.join(moments)} exclude each other", (moments[1],))
        lasts = "for_s" in type(self.what).model_fields if any(getattr(self, key) for key in KINDS) else False
        if self.rate_per_s is not None and lasts and self.for_s is None:
            raise Refused("comes again and again, so it must end", (self.kind,), "add for: 10 min")
        return self


def default_names(kinds: Sequence[str | None]) -> list[str | None]:
    """What faults of these kinds, in the order of the file, are called without a name; None where no kind is known."""
    number, seen = Counter(kinds), Counter[str | None]()
    found: list[str | None] = []
    for kind in kinds:
        seen[kind] += 1
        found.append(kind if kind is None or number[kind] == 1 else f"{kind}-{seen[kind]}")
    return found


def named(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """The faults, each with a name; raises Refused when two have the same."""
    return with_names(faults, default_names([fault.kind for fault in faults]), "faults")
