"""The file of a fingerprint: what a trace is like, without its names and its calls."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from mmesim.scenario.values.fields import Count, Data, Flag, Number, Refused, Seconds

GAP_SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)
"""The shares at which the distribution of gaps is given."""
POINTS = 5
"""Calls and active parts are given at this many places, evenly from the first model of a group to its last."""


class ModelsAlike(Data):
    """Models that are called about as often and as evenly."""

    models: Count
    """Number of models."""
    requests: Count
    """Calls of all of them in the span."""
    calls: tuple[Number, ...] = Field(min_length=POINTS, max_length=POINTS)
    """Calls of one model, from the most called to the least."""
    by_clock: Flag = False
    """True: the models are called by the clock, independently of the profile."""
    active: tuple[Annotated[Number, Field(le=1)], ...] = Field(min_length=POINTS, max_length=POINTS)
    """Part of the span from the first call of a model to its last."""
    gaps: tuple[Number, ...] = Field((), max_length=len(GAP_SHARES))
    """Quantiles of the gaps between calls, in mean gaps of the model."""

    @model_validator(mode="after")
    def _rising(self) -> ModelsAlike:
        if self.gaps and len(self.gaps) != len(GAP_SHARES):
            raise Refused(f"takes {len(GAP_SHARES)} quantiles, or none", ("gaps",))
        for name, values in (("gaps", self.gaps), ("active", self.active)):
            if any(b < a for a, b in pairwise(values)):
                raise Refused("must not fall", (name,))
        if not sum(self.calls):
            raise Refused("must have a call", ("calls",))
        return self


class Fingerprint(Data):
    """A trace as a few distributions; nothing in it names a model."""

    version: Literal[1]
    """Version of the format."""
    span_s: Annotated[Seconds, Field(gt=0)] = Field(alias="span")
    """Time that the trace covers."""
    profile: tuple[Number, ...] = Field(min_length=1)
    """How the calls of all groups but those `by_clock` spread over the span; mean 1."""
    groups: tuple[ModelsAlike, ...] = Field(min_length=1)
    """Groups of similar models, the most called first."""

    @model_validator(mode="after")
    def _some_calls(self) -> Fingerprint:
        if not sum(self.profile):
            raise Refused("must not be 0 everywhere", ("profile",))
        return self

    @property
    def models(self) -> int:
        """How many models there are."""
        return sum(group.models for group in self.groups)

    @property
    def requests(self) -> int:
        """How many calls there are in a span."""
        return sum(group.requests for group in self.groups)
