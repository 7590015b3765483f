"""A scenario as what deploys it: the input of two AWS commands, and the configuration of the model server.

Names are those of AWS's CreateModel and CreateEndpointConfig, and of the inference toolkit's variables
(scenario/server/container.py has the sources). Reading the variables or the file back gives the same server settings.
What a scenario says and AWS has no key for becomes a note.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mmesim.scenario.endpoint.endpoint import Endpoint
from mmesim.scenario.endpoint.router import RouterPolicy
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.server.container import TOOLKIT, XGBOOST
from mmesim.scenario.server.frameworks import Framework

ROUTING: Mapping[RouterPolicy, str] = MappingProxyType(
    {
        RouterPolicy.random: "RANDOM",
        RouterPolicy.least_outstanding: "LEAST_OUTSTANDING_REQUESTS",
    }
)
"""Router policy -> AWS's routing strategy; the others are readings of what AWS does for multi-model endpoints."""
LONGEST_NAME = 63
"""Characters of a name on SageMaker: letters, digits and single hyphens."""
DISK_GB = 30
"""Disk of an endpoint for which nothing is asked."""
LARGEST_DISK_GB = 512
OURS = "mmesim plan: what the simulated server was set to"


@dataclass(frozen=True)
class Deployable:
    """What deploys a scenario: two documents for `aws sagemaker ... --cli-input-json`, a file of MMS, and notes."""

    model: Mapping[str, object]
    endpoint_config: Mapping[str, object]
    properties: Mapping[str, str]
    notes: tuple[str, ...]

    @property
    def files(self) -> dict[str, str]:
        """Name of a file -> its text."""
        return {
            "model.json": _json(self.model),
            "endpoint-config.json": _json(self.endpoint_config),
            "config.properties": "".join(
                [f"# {OURS}\n", *(f"{key}={value}\n" for key, value in self.properties.items())]
            ),
        }


def deployable(scenario: Scenario) -> Deployable:
    """What deploys the endpoint of a scenario; what only you know stands in angle brackets."""
    name = aws_name(scenario.name)
    settings = _settings(scenario)
    container = {
        "Image": "<image of your container>",
        "Mode": "MultiModel",
        "ModelDataUrl": "s3://<bucket>/<prefix of the model archives>/",
        "MultiModelConfig": {"ModelCacheSetting": scenario.endpoint.model_cache.capitalize()},
        "Environment": environment(settings, _built_in_xgboost(scenario)),
    }
    return Deployable(
        model={"ModelName": name, "ExecutionRoleArn": "<ARN of your role>", "PrimaryContainer": container},
        endpoint_config={"EndpointConfigName": name, "ProductionVariants": [_variant(scenario.endpoint, name)]},
        properties=settings,
        notes=tuple(_notes(scenario)),
    )


def aws_name(name: str) -> str:
    """A name that SageMaker takes: letters, digits and hyphens, at most 63."""
    return re.sub(r"[^0-9A-Za-z]+", "-", name)[:LONGEST_NAME].strip("-") or "endpoint"


def environment(settings: Mapping[str, str], built_in_xgboost: bool = False) -> dict[str, str]:
    """The variables that make a SageMaker container write these settings for its server."""
    container = XGBOOST if built_in_xgboost else TOOLKIT
    variables = {key: name for name, key in container.variables.items()}
    if built_in_xgboost:
        return {variables[key]: value for key, value in settings.items() if key in variables}
    return {variables.get(key, f"MMS_{key.upper()}"): value for key, value in settings.items()}


def _settings(scenario: Scenario) -> dict[str, str]:
    """The keys of `config.properties` that a scenario decides; the number of workers is that of its host."""
    server = scenario.server
    settings = {
        "default_workers_per_model": str(scenario.server_kind.default_workers),
        "job_queue_size": str(server.job_queue_size),
        "preload_model": str(server.preload_model).lower(),
    }
    if server.event_loops:
        settings["number_of_netty_threads"] = str(server.event_loops)
    return settings


def _built_in_xgboost(scenario: Scenario) -> bool:
    """Whether AWS's XGBoost container can have these settings: its file always preloads."""
    only = all(group.framework is Framework.xgboost for group in scenario.hosted)
    return only and scenario.server.preload_model and not scenario.server.event_loops


def _variant(endpoint: Endpoint, model: str) -> dict[str, object]:
    """The production variant."""
    variant: dict[str, object] = {
        "VariantName": "AllTraffic",
        "ModelName": model,
        "InstanceType": endpoint.instance_type or "<instance type>",
        "InitialInstanceCount": endpoint.instance_count,
    }
    if _disk_gb(endpoint) > DISK_GB:
        variant["VolumeSizeInGB"] = min(_disk_gb(endpoint), LARGEST_DISK_GB)
    if endpoint.router.policy in ROUTING:
        variant["RoutingConfig"] = {"RoutingStrategy": ROUTING[endpoint.router.policy]}
    return variant


def _disk_gb(endpoint: Endpoint) -> int:
    return math.ceil(endpoint.disk_bytes / 1e9)


def _notes(scenario: Scenario) -> Iterator[str]:
    """What the files cannot say, and what has to be known of what they say."""
    server, endpoint = scenario.server, scenario.endpoint
    if endpoint.instance_type is None:
        yield "InstanceType: the host is one of your own; AWS has no type with exactly its figures"
    if _disk_gb(endpoint) > DISK_GB:
        yield "VolumeSizeInGB: leave it out for a type with local disks: their size is fixed"
    if _disk_gb(endpoint) > LARGEST_DISK_GB:
        yield f"endpoint.disk_size is more than the {LARGEST_DISK_GB} GB that VolumeSizeInGB allows"
    if endpoint.router.policy is RouterPolicy.round_robin:
        yield "endpoint.router: round_robin is not a strategy that AWS offers"
    if server.event_loops == 0:
        yield "server.event_loops: 0 (no limit) cannot be set: MMS has two for each vCPU"
    if any(group.framework is Framework.xgboost for group in scenario.hosted) and not server.preload_model:
        yield (
            "AWS's own XGBoost container reads SAGEMAKER_NUM_MODEL_WORKERS and SAGEMAKER_MODEL_JOB_QUEUE_SIZE instead, "
            "and always preloads: plan with server.preload_model=true for it"
        )
    workers = scenario.server_kind.default_workers
    models = scenario.hosted
    if any(
        model.workers != workers or model.preload_model != server.preload_model or model.batch_size != 1
        for model in models
    ):
        yield (
            "SageMaker loads a model by its name and address alone: workers, preload_model or batch_size of single "
            "models, and batches of the server, need a container of your own that registers them so"
        )
    yield (
        "ModelDataDownloadTimeoutInSeconds and ContainerStartupHealthCheckTimeoutInSeconds are left at AWS's defaults: "
        "they act when an instance starts, and a plan is about what comes after"
    )


def _json(document: Mapping[str, object]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
