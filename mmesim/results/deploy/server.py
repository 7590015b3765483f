"""The settings of a model server, as its file and as the variables from which a SageMaker container writes that file.

Names are those of the servers, and of the inference toolkit's variables (scenario/server/container.py has the sources).
Reading the variables or the file back gives the same server settings.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from mmesim.scenario.scenario import Scenario
from mmesim.scenario.server.container import TOOLKIT, XGBOOST
from mmesim.scenario.server.frameworks import Framework


def environment(settings: Mapping[str, str], built_in_xgboost: bool = False) -> dict[str, str]:
    """The variables that make a SageMaker container write these settings for its server."""
    container = XGBOOST if built_in_xgboost else TOOLKIT
    variables = {key: name for name, key in container.variables.items()}
    if built_in_xgboost:
        return {variables[key]: value for key, value in settings.items() if key in variables}
    return {variables.get(key, f"MMS_{key.upper()}"): value for key, value in settings.items()}


def _of_mms(scenario: Scenario) -> dict[str, str]:
    """The keys of `config.properties` that a scenario decides; the number of workers is that of its host."""
    settings = _of_torchserve(scenario)
    loops = settings.pop("number_of_netty_threads", None)
    settings["preload_model"] = str(scenario.server.preload_model).lower()
    return settings if loops is None else settings | {"number_of_netty_threads": loops}


def _of_torchserve(scenario: Scenario) -> dict[str, str]:
    server = scenario.server
    settings = {
        "default_workers_per_model": str(scenario.server_kind.default_workers),
        "job_queue_size": str(server.job_queue_size),
    }
    if server.event_loops:
        settings["number_of_netty_threads"] = str(server.event_loops)
    return settings


def _of_djl(scenario: Scenario) -> dict[str, str]:
    """The keys of `serving.properties`, which lies in the archive of each model."""
    server, kind = scenario.server, scenario.server_kind
    return {
        "minWorkers": str(kind.default_workers),
        "maxWorkers": str(kind.most_default_workers),
        "job_queue_size": str(server.job_queue_size),
        "max_idle_time": str(math.ceil(kind.max_idle_s)),
        "batch_size": str(server.batch_size),
        "max_batch_delay": str(round(server.max_batch_delay_s * 1000)),
        "reserved_memory_mb": str((server.reserved_memory_bytes or 0) // 2**20),
    }


SETTINGS: Mapping[str, Callable[[Scenario], dict[str, str]]] = MappingProxyType(
    {"mms": _of_mms, "torchserve": _of_torchserve, "djl": _of_djl, "triton": lambda _: {}, "custom": lambda _: {}}
)
"""Kind of server -> the settings that a scenario decides, by the server's own names."""
FILES = MappingProxyType({"mms": "config.properties", "torchserve": "config.properties", "djl": "serving.properties"})
"""Kind of server -> the file in which it reads them."""


def fits_xgboost_container(scenario: Scenario) -> bool:
    """Whether AWS's XGBoost container can have these settings: its file always preloads."""
    only = all(group.framework is Framework.xgboost for group in scenario.hosted)
    return only and scenario.server.preload_model and not scenario.server.event_loops
