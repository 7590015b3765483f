"""Finds the `config.properties` that `server.config` asks for, and puts its values under those of the scenario."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmesim import units
from mmesim.errors import Problem, did_you_mean
from mmesim.scenario.file.tree import Located
from mmesim.scenario.models.groups import Model
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.server.config_keys import MMS, Reader, Use
from mmesim.scenario.server.config_meaning import flaws, notes, taken
from mmesim.scenario.server.config_syntax import Flaw, Setting, Unset, read_settings, with_overrides, with_variables
from mmesim.scenario.server.server import ConfiguredModel
from mmesim.scenario.server.torchserve import TORCHSERVE, Described, configured, described, notes_on, reader_of
from mmesim.scenario.values.fields import shown

AUTO = "auto"
DEFAULT = "config.properties"
FILE_VARIABLE = "MMS_CONFIG_FILE"
ENABLE = "enable_envvars_config"


@dataclass(frozen=True, slots=True)
class _Source:
    """A file to read; `name` is what it is called, `named_by` is where its name comes from."""

    path: Path
    name: str
    named_by: str


@dataclass(frozen=True, slots=True)
class _Contents:
    """What a file says, to which server, with the settings that variables leave open and the models it describes."""

    settings: Mapping[str, Setting]
    reader: Reader
    unset: Sequence[Unset]
    models: Sequence[Described]


def with_config(tree: Located, environment: Mapping[str, str]) -> tuple[Located, list[Problem]]:
    """The tree of a scenario with the keys of its `server.config` file, and everything that is wrong with that file.

    The environment is looked at only if the scenario has `server.config` as text. Keys that the scenario gives win;
    `config` itself becomes a map that says which file was read and what has to be said about it.
    """
    server = tree.map.get("server")
    link = None if server is None else server.map.get("config")
    if server is None or link is None or isinstance(link.value, dict) or link.value is None:
        return tree, []
    given = [str(key) for key in server.map if key != "config"]
    source, read = None, _Contents({}, MMS, (), [])
    try:
        source = _source(link, environment)
        problems: list[Problem] = []
        if source is not None:
            read, problems = _settings(source, _read(source), environment, given)
    except ValueError as error:
        problems = [Problem(link.file, link.shown_line, "server.config", link.value, str(error))]
    if problems:
        return _with_server(tree, server, {"config": link.with_value(None)}), problems
    return _with_server(tree, server, _keys(link, source, read, given)), []


def is_read(tree: Located) -> bool:
    """Whether a scenario names a configuration that is still to be read."""
    link = tree.map["server"].map.get("config") if "server" in tree.map else None
    return link is not None and isinstance(link.value, str)


def _keys(link: Located, source: _Source | None, read: _Contents, given: Sequence[str]) -> dict[str, Located]:
    """The keys of `server` that valid settings give, and `config` with what has to be said about all of them."""
    name = f"no {DEFAULT}" if source is None else source.name
    said = [
        *_found(link, source),
        *_from_environment(read.settings, name),
        *_not_set(read.unset, name),
        *notes(read.settings, read.reader, given, name),
        *notes_on(read.models, read.settings, name),
    ]
    config = {"notes": link.with_value([link.with_value(text) for text in said])}
    if source is not None:
        config = {"file": link.with_value(str(source.path.resolve()))} | config
    if read.models:
        rows = [{key: link.with_value(value) for key, value in row.items()} for row in configured(read.models)]
        config["models"] = link.with_value([link.with_value(row) for row in rows])
    keys = {"config": link.with_value(config)}
    for one in taken(read.settings, read.reader):
        if one.key not in given and one.value is not None:
            origin = name if one.setting.variable is None else one.setting.place(name)
            keys[one.key] = Located(one.value, origin, one.setting.line, None, link.folder)
    return keys


def with_models_said(scenario: Scenario) -> Scenario:
    """The scenario of a configuration that was just read, with findings on what it says of single models."""
    config = scenario.server.config
    if config is None or not config.models:
        return scenario
    said = list(_on_models(config.models, scenario.resolved_models))
    read = config.model_copy(update={"notes": (*config.notes, *said)})
    copy: Scenario = scenario.model_copy(update={"server": scenario.server.model_copy(update={"config": read})})
    return copy


def _on_models(configured: Sequence[ConfiguredModel], models: Sequence[Model]) -> Iterator[str]:
    """What became of the values of each model."""
    known = {model.name for model in models} | {model.group for model in models}
    for one in configured:
        values = one.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"name"})
        if one.max_batch_delay_s is not None:
            values["max_batch_delay"] = units.show_seconds(one.max_batch_delay_s)
        if not values:
            continue
        text = ", ".join(f"{key}={value}" for key, value in values.items())
        if one.name not in known:
            hint = did_you_mean(one.name, known)
            yield f"the scenario has no model {shown(one.name)}, so nothing has {text}" + (f" ({hint})" if hint else "")
            continue
        of = next((model for model in models if model.name == one.name), None)
        of = of or next(model for model in models if model.group == one.name)
        kept = {"workers": of.workers, "batch_size": of.batch_size, "max_batch_delay": of.max_batch_delay_s}
        asked = {"workers": one.workers, "batch_size": one.batch_size, "max_batch_delay": one.max_batch_delay_s}
        won = [f"{key}={values[key]}" for key in values if kept[key] == asked[key]]
        lost = [f"{key}={values[key]}" for key in values if kept[key] != asked[key]]
        if won:
            yield f"models.{one.name}: used: {', '.join(won)}"
        if lost:
            yield f"models.{one.name}: {', '.join(lost)} of the file gives way to the scenario's own"


def _with_server(tree: Located, server: Located, values: Mapping[str, Located]) -> Located:
    return tree.with_value({**tree.map, "server": server.with_value({**server.map, **values})})


def _source(link: Located, environment: Mapping[str, str]) -> _Source | None:
    """The file to read, None for MMS's own defaults; raises ValueError for a value that names none."""
    if not isinstance(link.value, str) or not link.value:
        raise ValueError(f"{shown(link.value)} is neither the path of a file nor `{AUTO}`")
    if link.value != AUTO:
        return _Source(link.folder / link.value, link.value, "")
    if FILE_VARIABLE in environment:
        return _Source(Path(environment[FILE_VARIABLE]), environment[FILE_VARIABLE], f"{FILE_VARIABLE} names it")
    default = Path(DEFAULT)
    return _Source(default, DEFAULT, "it is in the working folder") if default.exists() else None


def _read(source: _Source) -> bytes:
    """The bytes of a file; raises ValueError with the reason why there are none."""
    why = f" ({source.named_by})" if source.named_by else ""
    try:
        if source.path.exists() and not source.path.is_file():
            raise ValueError(f"{source.path} is not a file{why}")
        return source.path.read_bytes()
    except FileNotFoundError:
        raise ValueError(f"there is no file {source.path}{why}") from None
    except OSError as error:
        raise ValueError(f"{source.path} cannot be read: {error.strerror or error}{why}") from None


def _settings(
    source: _Source, data: bytes, environment: Mapping[str, str], given: Sequence[str]
) -> tuple[_Contents, list[Problem]]:
    """The settings of a file as the real server ends up with them, and what is wrong with them."""
    settings, wrong = read_settings(data)
    reader = reader_of(settings)
    settings, unset = with_variables(settings, environment)
    if _is_true(settings.get(ENABLE)):
        allowed = [key.name for key in reader.keys.values() if key.by_environment]
        settings = with_overrides(settings, reader.prefix, allowed, environment)
    models, wrong_models = described(settings) if reader is TORCHSERVE else ([], [])
    file = str(source.path)
    problems = [_problem(flaw, file) for flaw in (*wrong, *_needed(unset, settings, reader, given), *wrong_models)]
    for setting, flaw in flaws(settings, reader):
        problems.append(_problem(flaw, file if setting.variable is None else setting.place(file)))
    return _Contents(settings, reader, tuple(unset), models), problems


def _needed(
    unset: Sequence[Unset], settings: Mapping[str, Setting], reader: Reader, given: Sequence[str]
) -> Iterator[Flaw]:
    """A flaw for each variable that does not exist and decides something that is simulated."""
    for one in unset:
        key = reader.keys.get(one.setting.key)
        decides = key is not None and (key.use in (Use.taken, Use.models) or key.name == ENABLE)
        own = key is not None and str(key.scenario).removeprefix("server.") in given
        if decides and not own and one.setting.key not in settings:
            for name in one.names:
                message = f"there is no environment variable {name}: the real server does not start"
                yield Flaw(one.setting.line, one.setting.key, one.setting.value, message)


def _not_set(unset: Sequence[Unset], file: str) -> Iterator[str]:
    """What was left open, and changes nothing."""
    for one in unset:
        yield (
            f"{one.setting.place(file)}: {one.setting.key} needs the environment variable {', '.join(one.names)}, "
            "which is not set; nothing simulated depends on it"
        )


def _problem(flaw: Flaw, file: str) -> Problem:
    return Problem(file, flaw.line, flaw.key, flaw.value, flaw.message)


def _is_true(setting: Setting | None) -> bool:
    """What Java's `Boolean.parseBoolean` makes of a value."""
    return setting is not None and setting.value.lower() == "true"


def _found(link: Located, source: _Source | None) -> list[str]:
    """How `auto` came to its file."""
    if link.value != AUTO:
        return []
    if source is None:
        return [f"no {DEFAULT}: {FILE_VARIABLE} is not set and the working folder has none, so MMS's own defaults hold"]
    return [f"{source.name}: read because {source.named_by}"]


def _from_environment(settings: Mapping[str, Setting], name: str) -> list[str]:
    """What environment variables changed, and an enabling that is none."""
    found = [setting.variable for setting in settings.values() if setting.variable is not None]
    said = [f"{name}: {ENABLE}=true lets these variables win: {', '.join(found)}"] if found else []
    enable = settings.get(ENABLE)
    if enable is not None and enable.value.lower() not in ("true", "false"):
        said.append(f"{enable.place(name)}: {ENABLE}={enable.value!r} counts as false")
    return said
