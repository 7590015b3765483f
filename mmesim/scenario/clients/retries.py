"""How clients try again after a failure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from mmesim.scenario.clients.causes import LEGACY, STANDARD, Cause
from mmesim.scenario.values.fields import Count, Number, Seconds, Share
from mmesim.scenario.values.forms import Form, OneOf


class Retries(Form):
    """A rule for further attempts: pause base * factor ** (failures - 1), at most the cap, less a random share."""

    max_attempts: Count = 3
    """Most attempts of a call, the first included."""

    @property
    def causes_retried(self) -> tuple[Cause, ...]:
        """The failures after which the client tries again."""
        return LEGACY

    @property
    def pause(self) -> tuple[float, float, float, float]:
        """First pause in seconds, factor of each further one, cap in seconds, and the share that chance may take."""
        return 1.0, 2.0, float("inf"), 1.0


class BotoLegacy(Retries):
    """boto3's default: 5 attempts, pauses of rand x 2 ** (n - 1) s, rand uniform between 0 and 1.

    Source: botocore, retryhandler.py (delay_exponential) and data/_retry.json.
    """

    form: ClassVar[str] = "boto3-legacy"

    max_attempts: Count = 5
    """Most attempts of a call, the first included."""


@dataclass(frozen=True, slots=True)
class Quota:
    """The bucket of tokens of one client process: how many there are, and what takes and gives them back."""

    tokens: int = 500
    retry: int = 5
    retry_after_timeout: int = 10
    success: int = 1
    """Given back by a success without a retry; one with retries gives back what its last retry took."""


class BotoStandard(Retries):
    """boto3's standard mode: 3 attempts, pauses of rand x 2 ** (n - 1) s up to 20 s, and a retry quota.

    Each client process has a bucket of 500 tokens. A retry takes 5, after a read time-out 10; none is made without. A
    call that succeeds gives back what its last retry took, or 1 if it had none. Source: botocore, retries/standard.py
    and retries/quota.py.
    """

    form: ClassVar[str] = "boto3-standard"
    quota: ClassVar[Quota] = Quota()

    max_attempts: Count = 3
    """Most attempts of a call, the first included."""
    processes: Annotated[Count, Field(le=100_000)] = 1
    """Client processes, each with its own bucket of retry tokens; calls (or users) are assigned to them in turn."""

    @property
    def causes_retried(self) -> tuple[Cause, ...]:
        """The failures after which the client tries again."""
        return STANDARD

    @property
    def pause(self) -> tuple[float, float, float, float]:
        """First pause in seconds, factor of each further one, cap in seconds, and the share that chance may take."""
        return 1.0, 2.0, 20.0, 1.0


class FixedRetries(Retries):
    """The same pause before every further attempt."""

    form: ClassVar[str] = "fixed"

    delay_s: Seconds = Field(alias="delay")
    """Pause before each further attempt."""
    max_attempts: Count = 3
    """Most attempts of a call, the first included."""
    jitter: Share = 0.0
    """Largest share of the pause that is taken off at random."""
    causes: tuple[Cause, ...] = Field(LEGACY, min_length=1)
    """Failures after which the client tries again."""

    @property
    def causes_retried(self) -> tuple[Cause, ...]:
        """The failures after which the client tries again."""
        return self.causes

    @property
    def pause(self) -> tuple[float, float, float, float]:
        """First pause in seconds, factor of each further one, cap in seconds, and the share that chance may take."""
        return self.delay_s, 1.0, float("inf"), self.jitter


class ExponentialRetries(Retries):
    """Pauses that grow with each failure."""

    form: ClassVar[str] = "exponential"

    base_s: Seconds = Field(alias="base")
    """First pause."""
    factor: Annotated[Number, Field(ge=1)] = 2.0
    """Factor from each pause to the next."""
    cap_s: Seconds = Field(20.0, alias="cap")
    """Longest pause."""
    max_attempts: Count = 3
    """Most attempts of a call, the first included."""
    jitter: Share = 1.0
    """Largest share of the pause that is taken off at random."""
    causes: tuple[Cause, ...] = Field(LEGACY, min_length=1)
    """Failures after which the client tries again."""

    @property
    def causes_retried(self) -> tuple[Cause, ...]:
        """The failures after which the client tries again."""
        return self.causes

    @property
    def pause(self) -> tuple[float, float, float, float]:
        """First pause in seconds, factor of each further one, cap in seconds, and the share that chance may take."""
        return self.base_s, self.factor, self.cap_s, self.jitter


RETRIES = OneOf(
    "retry rule",
    "{fixed: {delay: 1 s}}",
    (BotoLegacy, BotoStandard, FixedRetries, ExponentialRetries),
    words={"none": None},
)
RetriesField = Annotated[BotoLegacy | BotoStandard | FixedRetries | ExponentialRetries | None, RETRIES]
"""A field of the schema that holds how clients retry; None: never."""
