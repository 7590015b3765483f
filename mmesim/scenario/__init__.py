"""The scenario: what is simulated, as frozen data; every class that can stand in one can be imported from here.

`Scenario.from_yaml(path)` reads a file; in Python a scenario is built of these classes with the names of their fields.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmesim.scenario.clients.causes import Cause
    from mmesim.scenario.clients.retries import BotoLegacy, BotoStandard, ExponentialRetries, FixedRetries
    from mmesim.scenario.deploys.deploy import Deploy
    from mmesim.scenario.deploys.strategy import AllAtOnce, Canary, Linear, Rolling
    from mmesim.scenario.endpoint.autoscaling.autoscaling import Autoscaling, ScaledIn
    from mmesim.scenario.endpoint.autoscaling.policies import AdjustmentType, Step, StepAdjustment, TargetTracking
    from mmesim.scenario.endpoint.autoscaling.schedule import ScheduledAction
    from mmesim.scenario.endpoint.devices import Devices
    from mmesim.scenario.endpoint.endpoint import Download, Endpoint, Throttling
    from mmesim.scenario.endpoint.eviction import EvictionPolicy, Gdsf, Ttl
    from mmesim.scenario.endpoint.host_type import HostType
    from mmesim.scenario.endpoint.router import Placement, Router, RouterPolicy
    from mmesim.scenario.faults.fault import Fault
    from mmesim.scenario.faults.kinds import (
        ContainerRestart,
        FailingS3,
        InstanceLoss,
        Leak,
        PoisonModel,
        SlowInstance,
        SlowS3,
        WorkerCrash,
        ZoneLoss,
    )
    from mmesim.scenario.models.groups import AffineBatch, AzureModels, ModelGroup, Service
    from mmesim.scenario.run.belief import Belief
    from mmesim.scenario.run.expect import Expectation
    from mmesim.scenario.run.plan import Plan, PlannedScaling
    from mmesim.scenario.run.selection import Selection
    from mmesim.scenario.run.settings import Clients, FoundWarmup, RunSettings
    from mmesim.scenario.run.split import Serverless, Split
    from mmesim.scenario.run.sweep import Range, Sample, Sweep
    from mmesim.scenario.run.until import Precision
    from mmesim.scenario.scenario import Scenario
    from mmesim.scenario.server.frameworks import Framework
    from mmesim.scenario.server.overhead import CpuWait, Overhead
    from mmesim.scenario.server.server import ConfigRead, ConfiguredModel, Server
    from mmesim.scenario.traffic.arrivals import (
        ConstantRate,
        GammaArrivals,
        HyperexponentialArrivals,
        LognormalArrivals,
        Poisson,
        WeibullArrivals,
    )
    from mmesim.scenario.traffic.closed_loop import ClosedLoop
    from mmesim.scenario.traffic.drift import Drift
    from mmesim.scenario.traffic.modulated import Mmpp, MmppState, OnOff
    from mmesim.scenario.traffic.planned import Diurnal, FlashCrowd, ModelSweep, Schedule
    from mmesim.scenario.traffic.popularity import LognormalPopularity, Tenants, UniformPopularity, Weights, Zipf
    from mmesim.scenario.traffic.sessions import Geometric, Sessions
    from mmesim.scenario.traffic.stages import Ramp, RateStage, UserStage
    from mmesim.scenario.traffic.stream import Traffic
    from mmesim.scenario.traffic.trace.trace import TraceColumns, TraceModels, TraceSource, TraceWindow
    from mmesim.scenario.values.function import Function
    from mmesim.scenario.values.times import Constant, Exponential, Gamma, Lognormal, Uniform, Weibull
    from mmesim.scenario.values.times_from_data import Empirical, Percentiles

__all__ = [
    "AdjustmentType",
    "AffineBatch",
    "AllAtOnce",
    "Autoscaling",
    "AzureModels",
    "Belief",
    "BotoLegacy",
    "BotoStandard",
    "Canary",
    "Cause",
    "Clients",
    "ClosedLoop",
    "ConfigRead",
    "ConfiguredModel",
    "Constant",
    "ConstantRate",
    "ContainerRestart",
    "CpuWait",
    "Deploy",
    "Devices",
    "Diurnal",
    "Download",
    "Drift",
    "Empirical",
    "Endpoint",
    "EvictionPolicy",
    "Expectation",
    "Exponential",
    "ExponentialRetries",
    "FailingS3",
    "Fault",
    "FixedRetries",
    "FlashCrowd",
    "FoundWarmup",
    "Framework",
    "Function",
    "Gamma",
    "GammaArrivals",
    "Gdsf",
    "Geometric",
    "HostType",
    "HyperexponentialArrivals",
    "InstanceLoss",
    "Leak",
    "Linear",
    "Lognormal",
    "LognormalArrivals",
    "LognormalPopularity",
    "Mmpp",
    "MmppState",
    "ModelGroup",
    "ModelSweep",
    "OnOff",
    "Overhead",
    "Percentiles",
    "Placement",
    "Plan",
    "PlannedScaling",
    "PoisonModel",
    "Poisson",
    "Precision",
    "Ramp",
    "Range",
    "RateStage",
    "Rolling",
    "Router",
    "RouterPolicy",
    "RunSettings",
    "Sample",
    "ScaledIn",
    "Scenario",
    "Schedule",
    "ScheduledAction",
    "Selection",
    "Server",
    "Serverless",
    "Service",
    "Sessions",
    "SlowInstance",
    "SlowS3",
    "Split",
    "Step",
    "StepAdjustment",
    "Sweep",
    "TargetTracking",
    "Tenants",
    "Throttling",
    "TraceColumns",
    "TraceModels",
    "TraceSource",
    "TraceWindow",
    "Traffic",
    "Ttl",
    "Uniform",
    "UniformPopularity",
    "UserStage",
    "Weibull",
    "WeibullArrivals",
    "Weights",
    "WorkerCrash",
    "Zipf",
    "ZoneLoss",
]

# Imported on first use, as in `mmesim` itself.
_HOMES = {
    "mmesim.scenario.clients.causes": ("Cause",),
    "mmesim.scenario.clients.retries": (
        "BotoLegacy",
        "BotoStandard",
        "ExponentialRetries",
        "FixedRetries",
    ),
    "mmesim.scenario.deploys.deploy": ("Deploy",),
    "mmesim.scenario.deploys.strategy": ("AllAtOnce", "Canary", "Linear", "Rolling"),
    "mmesim.scenario.endpoint.autoscaling.autoscaling": ("Autoscaling", "ScaledIn"),
    "mmesim.scenario.endpoint.autoscaling.policies": (
        "AdjustmentType",
        "Step",
        "StepAdjustment",
        "TargetTracking",
    ),
    "mmesim.scenario.endpoint.autoscaling.schedule": ("ScheduledAction",),
    "mmesim.scenario.endpoint.devices": ("Devices",),
    "mmesim.scenario.endpoint.endpoint": (
        "Download",
        "Endpoint",
        "Throttling",
    ),
    "mmesim.scenario.endpoint.eviction": (
        "EvictionPolicy",
        "Gdsf",
        "Ttl",
    ),
    "mmesim.scenario.endpoint.host_type": ("HostType",),
    "mmesim.scenario.endpoint.router": (
        "Router",
        "Placement",
        "RouterPolicy",
    ),
    "mmesim.scenario.faults.fault": ("Fault",),
    "mmesim.scenario.faults.kinds": (
        "ContainerRestart",
        "FailingS3",
        "InstanceLoss",
        "Leak",
        "PoisonModel",
        "SlowInstance",
        "SlowS3",
        "WorkerCrash",
        "ZoneLoss",
    ),
    "mmesim.scenario.models.groups": (
        "AffineBatch",
        "AzureModels",
        "ModelGroup",
        "Service",
    ),
    "mmesim.scenario.run.belief": ("Belief",),
    "mmesim.scenario.run.expect": ("Expectation",),
    "mmesim.scenario.run.plan": ("Plan", "PlannedScaling"),
    "mmesim.scenario.run.selection": ("Selection",),
    "mmesim.scenario.run.settings": (
        "Clients",
        "FoundWarmup",
        "RunSettings",
    ),
    "mmesim.scenario.run.split": ("Serverless", "Split"),
    "mmesim.scenario.run.sweep": (
        "Range",
        "Sample",
        "Sweep",
    ),
    "mmesim.scenario.run.until": ("Precision",),
    "mmesim.scenario.scenario": ("Scenario",),
    "mmesim.scenario.server.frameworks": ("Framework",),
    "mmesim.scenario.server.overhead": ("CpuWait", "Overhead"),
    "mmesim.scenario.server.server": (
        "ConfigRead",
        "ConfiguredModel",
        "Server",
    ),
    "mmesim.scenario.traffic.arrivals": (
        "ConstantRate",
        "GammaArrivals",
        "HyperexponentialArrivals",
        "LognormalArrivals",
        "Poisson",
        "WeibullArrivals",
    ),
    "mmesim.scenario.traffic.closed_loop": ("ClosedLoop",),
    "mmesim.scenario.traffic.drift": ("Drift",),
    "mmesim.scenario.traffic.modulated": (
        "Mmpp",
        "MmppState",
        "OnOff",
    ),
    "mmesim.scenario.traffic.planned": (
        "Diurnal",
        "FlashCrowd",
        "ModelSweep",
        "Schedule",
    ),
    "mmesim.scenario.traffic.popularity": (
        "LognormalPopularity",
        "Tenants",
        "UniformPopularity",
        "Weights",
        "Zipf",
    ),
    "mmesim.scenario.traffic.sessions": (
        "Geometric",
        "Sessions",
    ),
    "mmesim.scenario.traffic.stages": ("Ramp", "RateStage", "UserStage"),
    "mmesim.scenario.traffic.stream": ("Traffic",),
    "mmesim.scenario.traffic.trace.trace": (
        "TraceColumns",
        "TraceModels",
        "TraceSource",
        "TraceWindow",
    ),
    "mmesim.scenario.values.function": ("Function",),
    "mmesim.scenario.values.times": (
        "Constant",
        "Exponential",
        "Gamma",
        "Lognormal",
        "Uniform",
        "Weibull",
    ),
    "mmesim.scenario.values.times_from_data": (
        "Empirical",
        "Percentiles",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name in _HOME_OF:
        return getattr(importlib.import_module(_HOME_OF[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
