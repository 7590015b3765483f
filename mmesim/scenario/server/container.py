"""Variables of a container: what SageMaker's containers make of them before they start the model server.

Source: aws/sagemaker-inference-toolkit (`model_server.py`, `environment.py`, `parameters.py`, `etc/*-mms.properties`)
and aws/sagemaker-xgboost-container (`serving_mms.py`, `resources/mms/config.properties.tmp`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mmesim.errors import did_you_mean
from mmesim.scenario.server.config.keys import MMS
from mmesim.scenario.server.config.syntax import Setting
from mmesim.scenario.values.fields import Refused

CONFIG_FILE = "MMS_CONFIG_FILE"
_PAYLOAD, _MULTI_MODEL = "SAGEMAKER_MAX_PAYLOAD_IN_MB", "SAGEMAKER_MULTI_MODEL"


@dataclass(frozen=True, slots=True)
class Container:
    """A container: its name, the part of its own file that counts here, and variable -> key that it writes for it."""

    name: str
    file: bytes
    variables: Mapping[str, str]


TOOLKIT = Container(
    "sagemaker-inference-toolkit",
    b"enable_envvars_config=true\ndefault_workers_per_model=1\nasync_logging=true\ndecode_input_request=false\n",
    {
        "SAGEMAKER_MODEL_SERVER_WORKERS": "default_workers_per_model",
        "SAGEMAKER_MODEL_SERVER_TIMEOUT": "default_response_timeout",
        "SAGEMAKER_MODEL_SERVER_TIMEOUT_SECONDS": "default_response_timeout_seconds",
        "SAGEMAKER_MODEL_SERVER_VMARGS": "vmargs",
        _PAYLOAD: "max_request_size",
    },
)
"""The toolkit of most containers: it writes these keys after the lines of its own file, so that they win."""
_ONE_MODEL = b"enable_envvars_config=true\ndecode_input_request=false\nload_models=ALL\n"
"""The toolkit's file for an endpoint with a single model."""
XGBOOST = Container(
    "sagemaker-xgboost-container",
    b"default_workers_per_model=1\njob_queue_size=100\npreload_model=true\ndecode_input_request=false\n",
    {
        "SAGEMAKER_NUM_MODEL_WORKERS": "default_workers_per_model",
        "SAGEMAKER_MODEL_JOB_QUEUE_SIZE": "job_queue_size",
        "SAGEMAKER_MAX_REQUEST_SIZE": "max_request_size",
        "SAGEMAKER_MAX_HEAP_SIZE": "vmargs",
        "SAGEMAKER_MAX_DIRECT_MEMORY_SIZE": "vmargs",
    },
)
"""The XGBoost container: its file takes these keys from variables, with defaults."""
_XGBOOST_DEFAULTS = {"SAGEMAKER_NUM_MODEL_WORKERS": "1", "SAGEMAKER_MODEL_JOB_QUEUE_SIZE": "100"}

_IDLE = (
    "SAGEMAKER_BIND_TO_PORT",
    "SAGEMAKER_SAFE_PORT_RANGE",
    "SAGEMAKER_PROGRAM",
    "SAGEMAKER_SUBMIT_DIRECTORY",
    "SAGEMAKER_CONTAINER_LOG_LEVEL",
    "SAGEMAKER_REGION",
    "SAGEMAKER_HANDLER",
    "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT",
    "SAGEMAKER_STARTUP_TIMEOUT",
    "SAGEMAKER_BASE_DIR",
    "SAGEMAKER_MMS_MODEL_STORE",
    "SAGEMAKER_MMS_LOAD_MODELS",
    "SAGEMAKER_MMS_DEFAULT_HANDLER",
)
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_OTHER_SERVERS = {
    "TS_": "TorchServe",
    "SAGEMAKER_TS_": "TorchServe",
    "SAGEMAKER_TFS_": "TensorFlow Serving",
    "SAGEMAKER_TRITON_": "Triton",
    "SERVING_": "DJL Serving",
    "OPTION_": "DJL Serving",
}
_WRITE = {
    "WORKERS": "server: {default_workers_per_model: 4}",
    "DEFAULT_WORKERS_PER_MODEL": "server: {default_workers_per_model: 4}",
    "MIN_WORKERS": "server: {default_workers_per_model: 4}",
    "MAX_WORKERS": "server: {default_workers_per_model: 4}",
    "JOB_QUEUE_SIZE": "server: {job_queue_size: 100}",
    "BATCH_SIZE": "server: {batch_size: 8}",
    "MAX_BATCH_DELAY": "server: {max_batch_delay: 50 ms}",
    "RESPONSE_TIMEOUT": "endpoint: {invocation_timeout: 60 s}",
    "NUMBER_OF_NETTY_THREADS": "server: {event_loops: 8}",
}
"""Ends of the names of such variables -> what a scenario says instead."""


def container_of(environment: Mapping[str, str]) -> Container:
    """The container that reads these variables."""
    if any(name in environment for name in XGBOOST.variables):
        return XGBOOST
    return TOOLKIT


def own_file(environment: Mapping[str, str]) -> bytes:
    """The part of the container's own file that counts here."""
    container = container_of(environment)
    if container is TOOLKIT and environment.get(_MULTI_MODEL, "true") != "true":
        return _ONE_MODEL
    return container.file


def seen_by_file(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that a file may name: the XGBoost container has defaults for those that are missing or empty."""
    if container_of(environment) is not XGBOOST:
        return dict(environment)
    return _XGBOOST_DEFAULTS | {name: value for name, value in environment.items() if value}


def written(container: Container, environment: Mapping[str, str]) -> dict[str, Setting]:
    """The settings that a container makes of its variables; an empty one counts as not set."""
    settings: dict[str, Setting] = {}
    for name, key in container.variables.items():
        value = environment.get(name)
        if value:
            mebibytes = name == _PAYLOAD and value.isascii() and value.isdigit()
            settings[key] = Setting(key, str(int(value) * 2**20) if mebibytes else value, None, name)
    return settings


def key_instead(variable: str) -> str | None:
    """What a scenario says instead of a variable of another server, by the end of its name; None when not known."""
    return next((text for end, text in _WRITE.items() if variable.endswith(f"_{end}")), None)


def refused(environment: Mapping[str, str], has_file: bool) -> Iterator[tuple[str, Refused]]:
    """The variables that cannot be simulated, or not together, each with the reason."""
    for name in environment:
        server = next((server for prefix, server in _OTHER_SERVERS.items() if name.startswith(prefix)), None)
        if server is not None:
            key = key_instead(name)
            hint = None if key is None else f"write {key}"
            yield name, Refused(f"is a variable of {server}; the server simulated is MMS, which ignores it", (), hint)
        elif name == CONFIG_FILE and not has_file:
            message = "names a file in the container, which is read instead of the container's own"
            yield name, Refused(message, (), "write server: {config: config.properties} with the path of your copy")
        elif name in TOOLKIT.variables and not has_file and container_of(environment) is XGBOOST:
            other = next(one for one in XGBOOST.variables if one in environment)
            yield name, Refused(f"is read by the inference toolkit, and {other} by the XGBoost container: keep one")


def notes_on_variables(
    environment: Mapping[str, str], file: str, asked: Mapping[str, Sequence[str]], enabled: bool, applied: bool
) -> Iterator[str]:
    """What became of each variable of a container; values that may be secret are not shown.

    `asked`: the keys of the file that name a variable; `enabled`: the file lets `MMS_*` win; `applied`: the container's
    own variables became settings.
    """
    container = container_of(environment)
    known = {**TOOLKIT.variables, **XGBOOST.variables}
    of_mms = {f"MMS_{key.name.upper()}" for key in MMS.keys.values() if key.by_environment}
    idle: list[str] = []
    for name, value in environment.items():
        if name in asked:
            yield f"{name}: {file} takes {', '.join(asked[name])} from it"
        elif name in container.variables and applied and value:
            setting = written(container, {name: value})[known[name]]
            yield f"{name}={value}: {container.name} writes {setting.key}={setting.value} for the server"
        elif name in known and not applied:
            yield f"{name}={value}: acts only where {file} names it as $${name}$$"
        elif name in of_mms and not enabled:
            yield f"{name} has no effect: {file} does not have enable_envvars_config=true"
        elif name.startswith("MMS_") and name not in of_mms and name != CONFIG_FILE:
            hint = did_you_mean(name, of_mms)
            yield f"MMS reads no variable {name} and ignores it" + (f" ({hint})" if hint else "")
        elif name in _THREADS:
            yield f"{name}={value} is not simulated by itself: threads of a call are models.service.threads"
        elif name in known and not value:
            yield f"{name} is empty, which counts as not set"
        elif name == _MULTI_MODEL and container is TOOLKIT and value != "true":
            trap = "" if value == "false" else f", which is not {'true'!r}"
            yield f"{name}={value!r}{trap}: {container.name} starts the server for a single model, loaded at its start"
        elif name not in of_mms and name not in known:
            hint = None if name in (*_IDLE, _MULTI_MODEL) else did_you_mean(name, known)
            idle.append(name if hint is None else f"{name} ({hint})")
    if idle:
        yield f"variables on which nothing simulated depends: {', '.join(idle)}"
