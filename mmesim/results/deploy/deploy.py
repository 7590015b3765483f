"""A scenario as what deploys it: the input of two AWS commands, and the configuration of the model server.

Names are those of AWS's CreateModel and CreateEndpointConfig; those of the server are in `server`. What a scenario
says and AWS has no key for becomes a note.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from mmesim.results.deploy.scaling import VARIANT, notes_on_scaling, scaling_files
from mmesim.results.deploy.server import FILES, SETTINGS, environment, fits_xgboost_container
from mmesim.scenario.endpoint.autoscaling.autoscaling import Autoscaling
from mmesim.scenario.endpoint.endpoint import Endpoint
from mmesim.scenario.endpoint.router import RouterPolicy
from mmesim.scenario.faults.kinds import ZoneLoss
from mmesim.scenario.scenario import Scenario
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
MOST_SUBNETS = 3
"""Subnets that an example names."""
OURS = "mmesim plan: what the simulated server was set to"


@dataclass(frozen=True)
class Deployable:
    """What deploys a scenario: two documents for `aws sagemaker ... --cli-input-json`, the server's file, notes."""

    model: Mapping[str, object]
    endpoint_config: Mapping[str, object]
    properties: Mapping[str, str]
    notes: tuple[str, ...]
    file: str | None = "config.properties"
    """What the file of the server is called; None: it has none that is known."""
    scaling: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Name of a file -> what sets up the autoscaling."""

    @property
    def name(self) -> str:
        """What the configuration is called, and the endpoint until its own name is put there: one that AWS takes."""
        return str(self.endpoint_config["EndpointConfigName"])

    @property
    def files(self) -> dict[str, str]:
        """Name of a file -> its text."""
        documents = {"model.json": self.model, "endpoint-config.json": self.endpoint_config, **self.scaling}
        texts = {name: _json(document) for name, document in documents.items()}
        lines = [f"# {OURS}\n", *(f"{key}={value}\n" for key, value in self.properties.items())]
        return texts if self.file is None else texts | {self.file: "".join(lines)}


def deployable(scenario: Scenario, scaling: Autoscaling | None = None) -> Deployable:
    """What deploys the endpoint of a scenario; what only you know stands in angle brackets.

    `scaling`: what scales it then, as far as Application Auto Scaling takes it in one document.
    """
    name = aws_name(scenario.name)
    kind = scenario.server.kind
    settings = SETTINGS[kind](scenario)
    of_mms = environment(settings, fits_xgboost_container(scenario)) if kind == "mms" else {}
    container = {
        "Image": "<image of your container>",
        "Mode": "MultiModel",
        "ModelDataUrl": "s3://<bucket>/<prefix of the model archives>/",
        "MultiModelConfig": {"ModelCacheSetting": scenario.endpoint.model_cache.capitalize()},
        "Environment": of_mms,
    }
    return Deployable(
        model={"ModelName": name, "ExecutionRoleArn": "<ARN of your role>", "PrimaryContainer": container},
        endpoint_config={"EndpointConfigName": name, "ProductionVariants": [_variant(scenario.endpoint, name)]},
        properties=settings,
        notes=(*_notes(scenario), *(() if scaling is None else notes_on_scaling(scaling))),
        file=FILES.get(kind),
        scaling=scaling_files(scaling, name) if scaling is not None else {},
    )


def aws_name(name: str) -> str:
    """A name that SageMaker takes: letters, digits and hyphens, at most 63."""
    return re.sub(r"[^0-9A-Za-z]+", "-", name)[:LONGEST_NAME].strip("-") or "endpoint"


def _variant(endpoint: Endpoint, model: str) -> dict[str, object]:
    """The production variant."""
    variant: dict[str, object] = {
        "VariantName": VARIANT,
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
    yield from _notes_on_zones(scenario)
    server, endpoint = scenario.server, scenario.endpoint
    if endpoint.instance_type is None:
        yield "InstanceType: the host is one of your own; AWS has no type with exactly its figures"
    if _disk_gb(endpoint) > DISK_GB:
        yield "VolumeSizeInGB: leave it out for a type with local disks: their size is fixed"
    if _disk_gb(endpoint) > LARGEST_DISK_GB:
        yield f"endpoint.disk_size is more than the {LARGEST_DISK_GB} GB that VolumeSizeInGB allows"
    if endpoint.router.policy is RouterPolicy.round_robin:
        yield "endpoint.router: round_robin is not a strategy that AWS offers"
    if server.kind != "mms":
        yield from _notes_on_others(scenario)
        return
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
    yield STARTING


def _notes_on_zones(scenario: Scenario) -> Iterator[str]:
    """What the loss of a zone takes for granted (docs/assumptions.md, Losses)."""
    survives = scenario.plan is not None and scenario.plan.survive == "zone"
    if not survives and not any(isinstance(fault.what, ZoneLoss) for fault in scenario.faults):
        return
    asked = "plan.survive: zone" if survives else "the loss of a zone among the faults"
    zones = scenario.endpoint.zones
    yield (
        f"VpcConfig: {asked} takes instances in {zones} zones for granted. If model.json gets a VpcConfig, its Subnets "
        f"must lie in {zones} different zones, such as --vpc-config SecurityGroupIds=<group>,Subnets="
        f"{','.join(f'<in zone {zone}>' for zone in range(1, min(zones, MOST_SUBNETS) + 1))}"
        f"{',...' if zones > MOST_SUBNETS else ''}: SageMaker puts instances only where there is a subnet"
    )


def _notes_on_others(scenario: Scenario) -> Iterator[str]:
    """What has to be known of a server other than MMS."""
    file, kind = FILES.get(scenario.server.kind), scenario.server_kind
    if file is None:
        yield f"Environment: how {kind.title} gets its settings is yours to say; the scenario has them under `server`"
    elif file == "serving.properties":
        yield f"{file}: goes into the archive of each model; Environment stays empty"
    else:
        yield f"{file}: goes into the image of your container; Environment stays empty"
    if any(group.workers is not None or group.max_workers is not None for group in scenario.models):
        yield "workers of single models (models.workers, models.max_workers) are to be set for each model on its own"
    yield STARTING


STARTING = (
    "ModelDataDownloadTimeoutInSeconds and ContainerStartupHealthCheckTimeoutInSeconds are left at AWS's defaults: "
    "they act when an instance starts, and a plan is about what comes after"
)


def _json(document: Mapping[str, object]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
