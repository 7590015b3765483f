"""From the settings of a `config.properties` to keys of `server`, and to what has to be said about the others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mmesim import units
from mmesim.errors import did_you_mean
from mmesim.scenario.server.config.keys import MMS, Key, Reader, Use, late_answer
from mmesim.scenario.server.config.syntax import Flaw, Setting
from mmesim.scenario.server.config.torchserve import MODELS, SNAPSHOT, TORCHSERVE, marks
from mmesim.scenario.server.kind import PER_GPU, PER_VCPU
from mmesim.scenario.values.fields import shown

WORKERS, LOAD = "default_workers_per_model", "load_models"
MINUTES, SECONDS = "default_response_timeout", "default_response_timeout_seconds"
_OF_A_REGISTRATION = {
    name: f"a registration may give it: write {key} in the scenario"
    for key, names in {
        "server.batch_size": ("batch_size", "batchSize"),
        "server.max_batch_delay": ("max_batch_delay", "maxBatchDelay"),
        "server.default_workers_per_model": ("initial_workers", "min_worker", "minWorkers", "workers"),
        "endpoint.invocation_timeout": ("response_timeout", "responseTimeout"),
    }.items()
    for name in names
}
"""Parameters of a registration that people write into the file."""
_OTHER_NAMES = ("number_of_netty_threads",)
"""Keys that have another name in a scenario."""
_WHOLE = re.compile(r"[+-]?[0-9]{1,20}")
_LARGEST = 2**31 - 1
_ADDRESS = re.compile(r"(?:(https?)://([^:^/]+)(?::([0-9]{1,20}))?)|(?:unix:(/.*))", re.IGNORECASE)
_PORTS = 32767
_ANY = "0.0.0.0"
_ADDRESSES = {"inference_address": "http://127.0.0.1:8080", "management_address": "http://127.0.0.1:8081"}


TRUE, FALSE = ("yes", "true", "t", "y", "1"), ("no", "false", "f", "n", "0")
"""What the parent process of a model reads `preload_model` as, in any case; it does not start with another value."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A value for one key of `server`, None where it leaves the choice, and the setting that it comes from."""

    key: str
    value: int | bool | str | None
    setting: Setting


def taken(settings: Mapping[str, Setting], reader: Reader) -> Iterator[Taken]:
    """The keys of `server` that valid settings are about."""
    for name, setting in settings.items():
        key = reader.keys.get(name)
        if key is None or key.use is not Use.taken or key.scenario is None:
            continue
        field = key.scenario.removeprefix("server.")
        if key.flag:
            yield Taken(field, setting.value.lower() in TRUE, setting)
        else:
            yield Taken(field, max(int(setting.value), 0) or None, setting)
    at_start = _workers_at_start(settings, reader)
    if at_start is not None:
        yield at_start


def loads_at_start(settings: Mapping[str, Setting]) -> bool:
    """Whether the server loads models when it starts, rather than when the platform registers them."""
    return (LOAD in settings and bool(settings[LOAD].value)) or SNAPSHOT in settings


def _workers_at_start(settings: Mapping[str, Setting], reader: Reader) -> Taken | None:
    """Workers of models that are loaded at the start where the file does not say how many (`getDefaultWorkers`)."""
    if not loads_at_start(settings) or _number(settings, WORKERS) != 0:
        return None
    loads = settings.get(SNAPSHOT) or settings[LOAD]
    if "debug" in settings and settings["debug"].value.lower() == "true":
        return Taken(WORKERS, 1, settings["debug"])
    if "NUM_WORKERS" in reader.keys and _number(settings, "NUM_WORKERS") > 0:
        return Taken(WORKERS, _number(settings, "NUM_WORKERS"), settings["NUM_WORKERS"])
    without_gpus = "number_of_gpu" in settings and _number(settings, "number_of_gpu") <= 0
    return Taken(WORKERS, PER_VCPU if without_gpus else PER_GPU, loads)


def _number(settings: Mapping[str, Setting], name: str) -> int:
    return int(settings[name].value) if name in settings else 0


def flaws(settings: Mapping[str, Setting], reader: Reader) -> Iterator[tuple[Setting, Flaw]]:
    """What the real server would not run with."""
    for name, setting in settings.items():
        message = None if name not in reader.keys else _wrong(reader.keys[name], setting.value)
        if message is not None:
            yield setting, Flaw(setting.line, name, setting.value, message)
    for name, message in _exclusive(settings):
        yield settings[name], Flaw(settings[name].line, name, settings[name].value, message)


def _wrong(key: Key, value: str) -> str | None:
    if key.number:
        if value != value.strip() and _WHOLE.fullmatch(value.strip()):
            return f"{shown(value)} is not a whole number for Java: remove the blanks around it"
        if not _WHOLE.fullmatch(value) or abs(int(value)) > _LARGEST:
            return f"{shown(value)} is not a whole number: the real server stops on it"
        if key.least is not None and int(value) < key.least:
            refused = "refuses to register any model (500)" if key.name == "job_queue_size" else "does not start"
            return f"{value} is too small: at least {key.least}, below it the real server {refused}"
    elif key.use is Use.taken and value.lower() not in TRUE + FALSE:
        words = ", ".join(TRUE + FALSE)
        return f"{shown(value)} is neither true nor false, and no model can be loaded: write one of {words}"
    elif key.name in _ADDRESSES:
        return _wrong_address(value)
    return None


def _wrong_address(value: str) -> str | None:
    match = _ADDRESS.fullmatch(value)
    if match is None:
        return f"{shown(value)} is not an address: write http://127.0.0.1:8080 or unix:/path"
    if match[3] is not None and int(match[3]) >= _PORTS:
        return f"{shown(value)}: the real server takes only ports below {_PORTS}"
    return None


def _exclusive(settings: Mapping[str, Setting]) -> Iterator[tuple[str, str]]:
    """Keys with values that exclude each other: the key, and why."""
    found = {name: _address(settings, name) for name in _ADDRESSES}
    native = settings.get("use_native_io")
    for name, match in found.items():
        if match is not None and match[4] is not None and native is not None and native.value.lower() != "true":
            yield name, f"a unix socket needs use_native_io=true, and it is {shown(native.value)}"
    hosts = [match[2] for match in found.values() if match is not None]
    ports = [match[3] for match in found.values() if match is not None]
    if len(hosts) == 2 and hosts[0] != hosts[1] and _ANY in hosts and ports[0] is not None and ports[0] == ports[1]:
        last = "management_address" if "management_address" in settings else "inference_address"
        yield (
            last,
            f"both addresses use port {ports[0]}, one of them on every interface: make them equal, or use two ports",
        )


def _address(settings: Mapping[str, Setting], name: str) -> re.Match[str] | None:
    return _ADDRESS.fullmatch(settings[name].value if name in settings else _ADDRESSES[name])


def notes(
    settings: Mapping[str, Setting], reader: Reader, given: Sequence[str], file: str, kind: str | None
) -> Iterator[str]:
    """What has to be said about valid settings, one sentence each; every key of the file is in one of them.

    `given` are the keys of `server` that the scenario gives itself, which win; `file` is the name to show; `kind` is
    the server that the scenario names.
    """
    if reader is TORCHSERVE and kind != "torchserve":
        follows = "so server.kind is torchserve" if kind is None else f"but server.kind is {kind}, whose rules hold"
        yield f"{file}: is a file of TorchServe (it has {', '.join(marks(settings))}), {follows}"
    values = [one for one in taken(settings, reader) if one.setting.key in (one.key, *_OTHER_NAMES)]
    used = [
        f"{one.setting.key}={one.setting.value}" for one in values if one.key not in given and one.value is not None
    ]
    if used:
        yield f"{file}: used: {', '.join(used)}"
    for one in values:
        here = f"{one.setting.place(file)}: {one.setting.key}={one.setting.value}"
        if one.key in given:
            yield f"{here} gives way to the scenario's own server.{one.key}"
        elif one.setting.replaced is not None:
            line, value = one.setting.replaced
            yield f"{here} replaces {shown(value)} of line {line}"
    yield from _chosen_by_the_server(settings, reader, given, file)
    yield from _time_out(settings, reader, file)
    for name, setting in settings.items():
        key = reader.keys.get(name)
        if key is not None and key.use is Use.missing and name not in (MINUTES, SECONDS):
            yield f"{setting.place(file)}: {name} is not simulated: {key.why}"
    for name, setting in settings.items():
        if name not in reader.keys:
            hint = "it is a key of MMS" if name in MMS.keys else _OF_A_REGISTRATION.get(name)
            hint = hint or did_you_mean(name, reader.keys)
            yield f"{setting.place(file)}: {reader.name} knows no key {shown(name)} and ignores it" + (
                f" ({hint})" if hint else ""
            )
    known = [reader.keys[name] for name in settings if name in reader.keys]
    folded = [f"{key.name} ({key.scenario})" for key in known if key.use is Use.folded]
    if folded:
        yield f"{file}: not simulated by themselves, part of what the scenario gives: {', '.join(folded)}"
    at_start = _workers_at_start(settings, reader)
    counts = None if at_start is None else at_start.setting.key
    idle = [key.name for key in known if key.use is Use.idle and key.name != counts]
    if idle:
        yield f"{file}: not simulated, and nothing here depends on them: {', '.join(idle)}"


def _chosen_by_the_server(
    settings: Mapping[str, Setting], reader: Reader, given: Sequence[str], file: str
) -> Iterator[str]:
    """Keys that are absent or leave the choice to the server."""
    loops = settings.get("number_of_netty_threads")
    if loops is not None and int(loops.value) == 0 and "event_loops" not in given:
        yield f"{loops.place(file)}: number_of_netty_threads=0 means two event loops for each vCPU"
    workers, at_start = settings.get(WORKERS), _workers_at_start(settings, reader)
    if WORKERS in given or (workers is not None and int(workers.value) > 0):
        return
    where, is_so = (file, "is not set") if workers is None else (workers.place(file), f"is {workers.value}")
    if at_start is not None:
        yield (
            f"{where}: {WORKERS} {is_so}: {reader.name} then starts {_how_many(at_start)} "
            f"for a model that it loads at its own start ({at_start.setting.key}); one that is registered later gets "
            "none, unless the scenario gives `models.workers`"
        )
    elif not any(name in settings for name in (MODELS, SNAPSHOT)):
        yield (
            f"{where}: {WORKERS} {is_so}: plain {reader.name} then starts no worker and answers every call for "
            "a model that is registered with 503; 1 is used, as SageMaker's toolkit sets it"
        )


def _how_many(workers: Taken) -> str:
    words = {PER_VCPU: "one worker for each vCPU", PER_GPU: "one worker for each GPU of the host, else for each vCPU"}
    return words.get(str(workers.value)) or ("1 worker" if workers.value == 1 else f"{workers.value} workers")


def _time_out(settings: Mapping[str, Setting], reader: Reader, file: str) -> Iterator[str]:
    """The time-out of a call to a worker: the trap of its unit, and that it is not simulated."""
    first, seconds = settings.get(MINUTES), settings.get(SECONDS) if SECONDS in reader.keys else None
    if seconds is not None and int(seconds.value) < 0:
        yield f"{seconds.place(file)}: {SECONDS}={seconds.value} counts as not set"
        seconds = None
    if seconds is not None:
        limit_s, setting = float(seconds.value), seconds
        unit = "" if first is None else f" (it wins over {MINUTES}={first.value})"
    elif first is not None and reader.response_timeout_unit == "minutes":
        limit_s, setting = 60.0 * int(first.value), first
        unit = f" counts minutes, not seconds: {units.show_seconds(limit_s)}. It"
    elif first is not None:
        limit_s, setting, unit = float(first.value), first, " (seconds)"
    else:
        return
    yield f"{setting.place(file)}: {setting.key}={setting.value}{unit} is not simulated: {late_answer(limit_s)}"
