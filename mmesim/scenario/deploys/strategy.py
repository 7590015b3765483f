"""How an update replaces the hosts of the endpoint: the deployment strategies of SageMaker, with its limits.

Sources: API reference, TrafficRoutingConfig, BlueGreenUpdatePolicy and RollingUpdatePolicy; developer guide,
deployment-guardrails-blue-green and -rolling.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from mmesim import units
from mmesim.scenario.values.fields import Data, Refused, Seconds, Share
from mmesim.scenario.values.forms import Form, OneOf

LONGEST_WAIT_S = 3600.0
"""The longest wait that SageMaker takes (WaitIntervalInSeconds, TerminationWaitInSeconds)."""


def _wait(value: float) -> float:
    if value > LONGEST_WAIT_S:
        raise Refused(f"{units.show_seconds(value)} is too long: SageMaker waits at most 1 h")
    return value


Wait = Annotated[Seconds, AfterValidator(_wait)]


def _between(least: float, most: float, what: str) -> AfterValidator:
    allowed = f"{100 * least:g} % to {100 * most:g} %" if least else f"above 0 % and at most {100 * most:g} %"

    def check(value: float) -> float:
        if not least <= value <= most or value == 0.0:
            raise Refused(f"{units.show_fraction(value)} is refused by SageMaker: {what} is {allowed} of the hosts")
        return value

    return AfterValidator(check)


class AllAtOnce(Data):
    """The whole new fleet is provisioned, then takes all traffic at once: every call finds it cold (AWS's default)."""


class Canary(Form):
    """The whole new fleet is provisioned; a share of it takes that share of the traffic, and after a wait all of it."""

    form: ClassVar[str] = "canary"

    share: Annotated[Share, _between(0.0, 0.5, "a canary")]
    """Share of the traffic, and of the new hosts that take it (rounded up to whole hosts, U); at most 50 %."""
    wait_s: Wait = Field(alias="wait")
    """Time from the first shift to the second one, 0 to 1 h."""


class Linear(Form):
    """The whole new fleet is provisioned and takes the traffic in equal steps, with a wait after each."""

    form: ClassVar[str] = "linear"

    step: Annotated[Share, _between(0.1, 0.5, "a step")]
    """Share of the traffic, and of the hosts, that is shifted at a time; 10 % to 50 %."""
    wait_s: Wait = Field(alias="wait")
    """Time between two steps, 0 to 1 h."""


class Rolling(Form):
    """Batches of new hosts replace batches of old ones, one after the other: few hosts are paid twice."""

    form: ClassVar[str] = "rolling"

    batch: Annotated[Share, _between(0.05, 0.5, "a batch")]
    """Share of the hosts that is replaced at a time, rounded down to whole hosts, at least one (U); 5 % to 50 %."""
    wait_s: Wait = Field(alias="wait")
    """Time that a batch takes traffic before the old hosts that it replaces are terminated, 0 to 1 h."""


Strategy = AllAtOnce | Canary | Linear | Rolling
STRATEGIES = OneOf(
    "deployment strategy",
    "{canary: {share: 10 %, wait: 5 min}}",
    (Canary, Linear, Rolling),
    words={"all_at_once": AllAtOnce()},
)
StrategyField = Annotated[Strategy, STRATEGIES]
"""A field of the schema that holds a deployment strategy."""
