"""Drift: how the popularity of models moves from one to the other as time goes by."""

from __future__ import annotations

from pydantic import Field, model_validator

from mmesim.scenario.values.fields import Data, Rate, Refused, Share


class Drift(Data):
    """At random moments models exchange their popularity, or die and are replaced by others.

    Without `births` all models are alive. With it, the first `alive` of them (in the order of the file) are at the
    start; a newcomer takes the popularity of the one that dies.
    """

    swaps_per_s: Rate = Field(0.0, alias="swaps")
    """How often two living models, drawn at random, exchange their popularity."""
    births_per_s: Rate = Field(0.0, alias="births")
    """How often a living model dies and is replaced by one that was not alive."""
    alive: Share | None = None
    """Share of the models that are alive at any time; only with `births`."""

    @model_validator(mode="after")
    def _something_moves(self) -> Drift:
        if not (self.swaps_per_s or self.births_per_s):
            raise Refused("nothing moves: give swaps or births", (), "swaps: 10 /h")
        if self.births_per_s and self.alive is None:
            raise Refused("births need models that are not alive: add alive", ("births",), "alive: 80 %")
        if self.alive is not None and not self.births_per_s:
            raise Refused("without births all models are alive", ("alive",), "births: 5 /h")
        if self.alive is not None and not 0.0 < self.alive < 1.0:
            raise Refused("some models must be alive and some not", ("alive",), "80 %")
        return self

    def living(self, models: int) -> int:
        """How many of `models` models are alive at a time; with births at least one and not all."""
        if self.alive is None:
            return models
        return max(1, min(models - 1, round(self.alive * models)))
