"""A `config.properties` of TorchServe: how it is recognised, its keys, and what it says of single models.

The rules of the server itself are in `torchserve`. Source: pytorch/serve, frontend: `util/ConfigManager.java` (keys,
`models`), `ModelServer.java` (load_models, model_snapshot), `wlm/ModelManager.java`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmesim.scenario.server.config.keys import KEYS, MMS, Key, Reader, Use, late_answer
from mmesim.scenario.server.config.syntax import Flaw, Setting
from mmesim.scenario.server.kind import LARGEST_BATCH
from mmesim.scenario.values.fields import shown

MODELS, SNAPSHOT = "models", "model_snapshot"
_OF_MMS_ONLY = ("default_response_timeout_seconds", "preload_model", "NUM_WORKERS")
_ADDRESS = "the network is `clients.network`"
_METRICS = "metrics of the real server"
_OWN: tuple[Key, ...] = (
    Key(MODELS, Use.models, "workers and batches of each model", by_environment=False),
    Key(SNAPSHOT, Use.models, "workers and batches of each model; wins over models", by_environment=False),
    Key("install_py_dep_per_model", Use.folded, "packages are installed by each load", "models.load", flag=True),
    Key("service_envelope", Use.folded, "decoding by the worker is service time", "models.service"),
    Key("limit_max_image_pixels", Use.folded, "decoding by the worker is service time", "models.service", flag=True),
    Key("cpu_launcher_enable", Use.missing, "workers are not bound to cores", flag=True, by_environment=False),
    Key("cpu_launcher_args", Use.missing, "workers are not bound to cores", by_environment=False),
    Key("ipex_enable", Use.folded, "a faster library is service time", "models.service", by_environment=False),
    Key("default_startup_timeout", Use.missing, "a load is bounded by `endpoint.load_limit`", number=True),
    *(
        Key(name, Use.idle, _ADDRESS)
        for name in ("metrics_address", "grpc_inference_address", "grpc_management_address")
    ),
    *(Key(name, Use.idle, _ADDRESS, number=True) for name in ("grpc_inference_port", "grpc_management_port")),
    *(
        Key(name, Use.idle, _METRICS)
        for name in (
            "enable_metrics_api",
            "metrics_config",
            "metrics_format",
            "metrics_mode",
            "disable_system_metrics",
            "system_metrics_cmd",
        )
    ),
    *(
        Key(name, Use.idle, "who may call, and what may be loaded from where")
        for name in (
            "allowed_urls",
            "use_env_allowed_urls",
            "disable_token_authorization",
            "enable_model_api",
            "enable_grpc_ssl",
        )
    ),
    *(
        Key(name, Use.idle, "a place")
        for name in ("workflow_store", "snapshot_store", "initial_worker_port", "version")
    ),
)
TORCHSERVE = Reader(
    "TorchServe",
    {name: key for name, key in KEYS.items() if name not in _OF_MMS_ONLY} | {key.name: key for key in _OWN},
    "TS_",
    "seconds",
)
"""TorchServe."""
_MARKS = frozenset(key.name for key in _OWN) - {"version"}


def reader_of(settings: Mapping[str, Setting], kind: str | None) -> Reader:
    """The server that a file is written for: TorchServe if the scenario says so, or if a key is only TorchServe's."""
    return TORCHSERVE if kind == "torchserve" or marks(settings) else MMS


def marks(settings: Mapping[str, Setting]) -> list[str]:
    """The keys of a file that only TorchServe knows."""
    return [name for name in settings if name in _MARKS]


@dataclass(frozen=True, slots=True)
class Described:
    """What a file says of one model: whole numbers by TorchServe's own names, and the setting that says so."""

    name: str
    values: Mapping[str, int]
    setting: Setting
    other_versions: tuple[str, ...] = ()
    """Versions of the model besides the one that is called by default."""


_DELAY = "maxBatchDelay"
_KEYS = {"minWorkers": "workers", "batchSize": "batch_size", _DELAY: "max_batch_delay"}
NUMBERS = ("minWorkers", "maxWorkers", "batchSize", "maxBatchDelay", "responseTimeout")
"""What is read of a model; values that are not above 0 count as not set."""


def described(settings: Mapping[str, Setting]) -> tuple[list[Described], list[Flaw]]:
    """The models of `model_snapshot`, else of `models`, and what is wrong with them."""
    setting = settings.get(SNAPSHOT) or settings.get(MODELS)
    if setting is None:
        return [], []
    try:
        whole = json.loads(setting.value)
    except ValueError as error:
        return [], [_flaw(setting, f"is not JSON: {error}")]
    if setting.key == SNAPSHOT and isinstance(whole, dict):
        whole = whole.get("models", {})
    found: list[Described] = []
    flaws: list[Flaw] = []
    for name, versions in whole.items() if isinstance(whole, dict) else [("", None)]:
        if not isinstance(versions, dict) or not all(isinstance(one, dict) for one in versions.values()):
            flaws.append(_flaw(setting, 'is not of the form {"model": {"1.0": {"minWorkers": 4}}}'))
            continue
        chosen = _default_version(versions)
        values = versions.get(chosen, {})
        wrong = list(_wrong(setting, name, values))
        flaws += wrong
        if not wrong:
            numbers = {key: int(values[key]) for key in NUMBERS if key in values and int(values[key]) > 0}
            others = tuple(version for version in versions if version != chosen)
            found.append(Described(name, numbers, setting, others))
    return found, flaws


def configured(models: Sequence[Described]) -> list[dict[str, str | int]]:
    """What the models of a file give for the models of a scenario, as the keys of a ConfiguredModel."""
    rows: list[dict[str, str | int]] = []
    for model in models:
        row: dict[str, str | int] = {"name": model.name}
        for number, key in _KEYS.items():
            if number in model.values:
                row[key] = f"{model.values[number]} ms" if number == _DELAY else model.values[number]
        rows.append(row)
    return rows


def notes_on(models: Sequence[Described], settings: Mapping[str, Setting], file: str) -> Iterator[str]:
    """What has to be said about models of a file, whatever the scenario has."""
    if SNAPSHOT in settings and MODELS in settings:
        yield f"{settings[MODELS].place(file)}: {MODELS} gives way to {SNAPSHOT}"
    for model in models:
        here, values = f"{model.setting.place(file)}: {model.setting.key}: {model.name}", model.values
        if model.other_versions:
            yield f"{here}: only its default version is simulated, not {', '.join(model.other_versions)}"
        if values.get("maxWorkers", 0) > values.get("minWorkers", values.get("maxWorkers", 0)):
            yield (
                f"{here}: maxWorkers={values['maxWorkers']} is not reached: TorchServe starts minWorkers and adds none "
                "by itself"
            )
        if "responseTimeout" in values:
            limit_s = values["responseTimeout"]
            yield f"{here}: responseTimeout={limit_s} (seconds) is not simulated: {late_answer(limit_s)}"


def _default_version(versions: Mapping[str, Mapping[str, Any]]) -> str:
    """The version that a call without one goes to: the one that says so, else the last."""
    flagged = [name for name, one in versions.items() if one.get("defaultVersion") is True]
    return [*versions, *flagged][-1] if versions else ""


def _wrong(setting: Setting, name: str, values: Mapping[str, Any]) -> Iterator[Flaw]:
    for key in NUMBERS:
        value = values.get(key, 0)
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if not is_whole and not (isinstance(value, str) and value.isascii() and value.isdigit()):
            yield _flaw(setting, f"{key} of {name}: {shown(value)} is not a whole number")
        elif key == "batchSize" and int(value) > LARGEST_BATCH:
            yield _flaw(setting, f"{key} of {name}: {value} is too large: at most {LARGEST_BATCH} are simulated")


def _flaw(setting: Setting, message: str) -> Flaw:
    return Flaw(setting.line, setting.key, setting.value, message)
