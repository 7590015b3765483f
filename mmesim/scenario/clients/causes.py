"""Why an attempt fails: the names used everywhere, and which of them the AWS SDK for Python tries again."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """What a client, or a log, sees of a failed attempt."""

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


LEGACY: tuple[Cause, ...] = (Cause.load_timeout, Cause.throttled, Cause.host_lost, Cause.client_timeout)
"""Retried by boto3's legacy mode: status 429, ThrottlingException, 503 and read time-outs, but not ModelError 424.

Source: botocore, data/_retry.json and retryhandler.py.
"""

STANDARD: tuple[Cause, ...] = (Cause.throttled, Cause.host_lost, Cause.client_timeout)
"""Retried by boto3's standard mode, which does not know status 429 nor ModelNotReadyException.

Source: botocore, retries/standard.py (TransientRetryableChecker, ThrottledRetryableChecker); the service model of
sagemaker-runtime marks no error as retryable.
"""
