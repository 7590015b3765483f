"""Why an attempt fails: what the container answers, what the client sees of it, and which clients try again.

Sources: SageMaker's API reference (InvokeEndpoint), `HttpRequestHandler` of MMS; botocore's data/_retry.json and
retryhandler.py (legacy mode), retries/standard.py (TransientRetryableChecker, ThrottledRetryableChecker). The service
model of sagemaker-runtime marks no error as retryable, and the standard mode knows neither status 429 nor
ModelNotReadyException.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Cause(StrEnum):
    """What a client, or a log, sees of a failed attempt; the order is that of every array of causes."""

    queue_full = "queue_full"
    worker_died = "worker_died"
    never_fits = "never_fits"
    load_failed = "load_failed"
    model_error = "model_error"
    invocation_timeout = "invocation_timeout"
    load_timeout = "load_timeout"
    throttled = "throttled"
    host_lost = "host_lost"
    client_timeout = "client_timeout"


MODEL_ERROR = "ModelError 424"


@dataclass(frozen=True, slots=True)
class Failure:
    """One row of the table: when it happens, the container's answer, the client's, and who retries."""

    when: str
    container: str
    """Status that the container answers; empty: it was not asked, or did not answer in time."""
    client: str
    legacy: bool = False
    """Whether boto3's legacy mode tries again."""
    standard: bool = False
    """Whether boto3's standard mode tries again."""

    @property
    def is_5xx(self) -> bool:
        """Whether the container answers with a 5xx, which CloudWatch counts."""
        return self.container.startswith("5")


FAILURES: Mapping[Cause, Failure] = MappingProxyType(
    {
        Cause.queue_full: Failure("the workers of the copy are busy and its queue is full", "503", MODEL_ERROR),
        Cause.worker_died: Failure(
            "a worker or the container dies (`faults`), or a model is unloaded by force", "500", MODEL_ERROR
        ),
        Cause.never_fits: Failure("the model does not fit on an empty host", "507", MODEL_ERROR),
        Cause.load_failed: Failure(
            "a load fails (`faults`): its download (U), in the server, or earlier, so that no worker is there; or a "
            "device has no memory left beside the models in use",
            "500, 507, 503",
            MODEL_ERROR,
        ),
        Cause.model_error: Failure(
            "the handler hides that its load failed (`faults`), or the model was unloaded by force while the call was "
            "in the front end",
            "5xx",
            MODEL_ERROR,
        ),
        Cause.invocation_timeout: Failure("after `endpoint.invocation_timeout`", "", MODEL_ERROR),
        Cause.load_timeout: Failure(
            "after `endpoint.load_timeout`, or when the load is aborted", "", "ModelNotReadyException 429", legacy=True
        ),
        Cause.throttled: Failure(
            "above `endpoint.throttling`", "", "ThrottlingException 400", legacy=True, standard=True
        ),
        Cause.host_lost: Failure(
            "the host is lost, or none is in service", "", "ServiceUnavailable 503", legacy=True, standard=True
        ),
        Cause.client_timeout: Failure("after `clients.timeout`", "", "read time-out", legacy=True, standard=True),
    }
)
"""Every cause of failure."""

LEGACY: tuple[Cause, ...] = tuple(cause for cause, failure in FAILURES.items() if failure.legacy)
"""Retried by boto3's legacy mode."""

STANDARD: tuple[Cause, ...] = tuple(cause for cause, failure in FAILURES.items() if failure.standard)
"""Retried by boto3's standard mode."""
