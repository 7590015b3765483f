"""From the settings of a `config.properties` to keys of `server`, and to what has to be said about the others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mmesim import units
from mmesim.errors import did_you_mean
from mmesim.scenario.server.config_keys import KEYS, Key, Use
from mmesim.scenario.server.config_syntax import Flaw, Setting
from mmesim.scenario.values.fields import shown

WORKERS = "default_workers_per_model"
MINUTES, SECONDS = "default_response_timeout", "default_response_timeout_seconds"
_CALL_LIMIT_S = 60.0
_WHOLE = re.compile(r"[+-]?[0-9]{1,20}")
_LARGEST = 2**31 - 1
_ADDRESS = re.compile(r"(?:(https?)://([^:^/]+)(?::([0-9]{1,20}))?)|(?:unix:(/.*))", re.IGNORECASE)
_PORTS = 32767
_ANY = "0.0.0.0"
_ADDRESSES = {"inference_address": "http://127.0.0.1:8080", "management_address": "http://127.0.0.1:8081"}


@dataclass(frozen=True, slots=True)
class Taken:
    """A value for one key of `server`, None where it leaves the choice, and the setting that it comes from."""

    key: str
    value: int | bool | None
    setting: Setting


def taken(settings: Mapping[str, Setting]) -> Iterator[Taken]:
    """The keys of `server` that valid settings are about."""
    for name, setting in settings.items():
        key = KEYS.get(name)
        if key is None or key.use is not Use.taken or key.scenario is None:
            continue
        field = key.scenario.removeprefix("server.")
        if key.flag:
            yield Taken(field, setting.value == "true", setting)
        else:
            yield Taken(field, max(int(setting.value), 0) or None, setting)


def flaws(settings: Mapping[str, Setting]) -> Iterator[tuple[Setting, Flaw]]:
    """What the real server would not run with."""
    for name, setting in settings.items():
        message = None if name not in KEYS else _wrong(KEYS[name], setting.value)
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
    elif key.use is Use.taken and value not in ("true", "false"):
        return f"{shown(value)} is neither true nor false"
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


def notes(settings: Mapping[str, Setting], given: Sequence[str], file: str) -> Iterator[str]:
    """What has to be said about valid settings, one sentence each; every key of the file is in one of them.

    `given` are the keys of `server` that the scenario gives itself, which win; `file` is the name to show.
    """
    values = list(taken(settings))
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
    yield from _chosen_by_the_server(settings, given, file)
    yield from _time_out(settings, file)
    for name, setting in settings.items():
        key = KEYS.get(name)
        if key is not None and key.use is Use.missing and name not in (MINUTES, SECONDS):
            yield f"{setting.place(file)}: {name} is not simulated: {key.why}"
    for name, setting in settings.items():
        if name not in KEYS:
            hint = did_you_mean(name, KEYS)
            yield f"{setting.place(file)}: MMS knows no key {shown(name)} and ignores it" + (
                f" ({hint})" if hint else ""
            )
    known = [KEYS[name] for name in settings if name in KEYS]
    folded = [f"{key.name} ({key.scenario})" for key in known if key.use is Use.folded]
    if folded:
        yield f"{file}: not simulated by themselves, part of what the scenario gives: {', '.join(folded)}"
    idle = [key.name for key in known if key.use is Use.idle]
    if idle:
        yield f"{file}: not simulated, and nothing here depends on them: {', '.join(idle)}"


def _chosen_by_the_server(settings: Mapping[str, Setting], given: Sequence[str], file: str) -> Iterator[str]:
    """Keys that are absent or leave the choice to the server."""
    loops = settings.get("number_of_netty_threads")
    if loops is not None and int(loops.value) == 0 and "event_loops" not in given:
        yield f"{loops.place(file)}: number_of_netty_threads=0 means two event loops for each vCPU"
    workers = settings.get(WORKERS)
    if WORKERS in given or (workers is not None and int(workers.value) > 0):
        return
    where, is_so = (file, "is not set") if workers is None else (workers.place(file), f"is {workers.value}")
    yield (
        f"{where}: {WORKERS} {is_so}: plain MMS then starts no worker and answers every call with 503; "
        "1 is used, as SageMaker's toolkit sets it"
    )


def _time_out(settings: Mapping[str, Setting], file: str) -> Iterator[str]:
    """The time-out of a call to a worker: the trap of its unit, and that it is not simulated."""
    minutes, seconds = settings.get(MINUTES), settings.get(SECONDS)
    if seconds is not None and int(seconds.value) < 0:
        yield f"{seconds.place(file)}: {SECONDS}={seconds.value} counts as not set"
        seconds = None
    if seconds is not None:
        limit_s, setting = float(seconds.value), seconds
        unit = "" if minutes is None else f" (it wins over {MINUTES}={minutes.value})"
    elif minutes is not None:
        limit_s, setting = 60.0 * int(minutes.value), minutes
        unit = f" counts minutes, not seconds: {units.show_seconds(limit_s)}. It"
    else:
        return
    acts = (
        "for the client, endpoint.invocation_timeout (60 s unless given) ends a call before it"
        if limit_s >= _CALL_LIMIT_S
        else "the real server answers 500 to a longer call and starts its worker again"
    )
    yield f"{setting.place(file)}: {setting.key}={setting.value}{unit} is not simulated: {acts}"
