"""`split`: where models could go that leave the multi-model endpoint, and what AWS does not publish of such places."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from mmesim import units
from mmesim.scenario.values.fields import Bytes, Count, Data, Number, Refused, Seconds, Text, Usd

Option = Literal["dedicated", "components", "second_mme", "multi_container", "serverless"]
OPTIONS: tuple[Option, ...] = ("dedicated", "components", "second_mme", "multi_container", "serverless")

SERVERLESS_SIZES = tuple(units.bytes_(f"{gib} GiB") for gib in range(1, 7))
"""Memory that a serverless endpoint can have: 1,024 to 6,144 MB in steps of 1,024 (API of CreateEndpointConfig)."""
MOST_CONCURRENT = 200
"""Calls at once of a serverless endpoint (API of CreateEndpointConfig)."""


class Serverless(Data):
    """Serverless endpoints, one for each model. AWS publishes none of `setup`, `idle` and `cpu_speed`: without a value
    for each of them the option is left out.
    """

    setup_s: Seconds | None = Field(None, alias="setup")
    """Time until a new environment takes its first call (CloudWatch's `ModelSetupTime`)."""
    idle_s: Annotated[Seconds, Field(gt=0)] | None = Field(None, alias="idle")
    """Time after its last call at which an environment is given up."""
    cpu_speed: Annotated[Number, Field(gt=0)] | None = None
    """Factor on the speed of CPU work at the memory chosen; 1 as in `endpoint.cpu_speed`."""
    memory_bytes: Bytes | None = Field(None, alias="memory")
    """Memory of each environment, 1 to 6 GiB; default: the least that holds container and model."""
    max_concurrency: Annotated[Count, Field(le=MOST_CONCURRENT)] = MOST_CONCURRENT
    """Calls at once of each endpoint; what comes above is throttled."""
    price_per_gb_second: Usd | None = None
    """Price of 1 GiB for a second; default: the published one, which is known for us-east-1."""
    bytes_per_call: Bytes | None = None
    """Data in and out of one call, which AWS bills as well; without it this part of the price is left out."""

    @field_validator("memory_bytes", mode="after")
    @classmethod
    def _of_a_size(cls, value: int | None) -> int | None:
        if value is not None and value not in SERVERLESS_SIZES:
            raise Refused(f"{units.show_bytes(value)} is not a size of a serverless endpoint: 1, 2, 3, 4, 5 or 6 GiB")
        return value

    @property
    def lacking(self) -> tuple[str, ...]:
        """The keys that must be given and are not."""
        given = {"setup": self.setup_s, "idle": self.idle_s, "cpu_speed": self.cpu_speed}
        return tuple(key for key, value in given.items() if value is None)


class Split(Data):
    """What `mmesim split` tries."""

    options: Annotated[tuple[Option, ...], Field(min_length=1)] = OPTIONS
    """Where models may go: `dedicated` (an endpoint for each), `components` (inference components on one endpoint),
    `second_mme`, `multi_container` and `serverless`.
    """
    instance_types: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    """Instance types for the models that leave; default: the m5, c5 and r5 types of up to 16 vCPUs, and the endpoint's
    own.
    """
    least_instances: Count = 1
    """Fewest instances of each new endpoint; AWS advises two, in different zones, where an outage matters."""
    candidates: tuple[tuple[Text, ...], ...] = ()
    """Sets of models or groups to try, besides those that `mmesim split` finds."""
    serverless: Serverless = Serverless()
    """Serverless endpoints."""

    @field_validator("candidates", mode="after")
    @classmethod
    def _some_models(cls, value: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        for number, names in enumerate(value):
            if not names:
                raise Refused("names no model", (number,), "candidates: [[name of a model or group]]")
        return value
