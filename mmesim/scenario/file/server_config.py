"""Finds the `config.properties` that `server.config` asks for, and puts its values under those of the scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmesim.errors import Problem
from mmesim.scenario.file.tree import Located
from mmesim.scenario.server.config_keys import KEYS
from mmesim.scenario.server.config_meaning import flaws, notes, taken
from mmesim.scenario.server.config_syntax import Flaw, Setting, read_settings, with_overrides, with_variables
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


def with_config(tree: Located, environment: Mapping[str, str]) -> tuple[Located, list[Problem]]:
    """The tree of a scenario with the keys of its `server.config` file, and everything that is wrong with that file.

    The environment is looked at only if the scenario has `server.config` as text. Keys that the scenario gives win;
    `config` itself becomes a map that says which file was read and what has to be said about it.
    """
    server = tree.map.get("server")
    link = None if server is None else server.map.get("config")
    if server is None or link is None or isinstance(link.value, dict) or link.value is None:
        return tree, []
    settings: dict[str, Setting] = {}
    source = None
    try:
        source = _source(link, environment)
        problems: list[Problem] = []
        if source is not None:
            settings, problems = _settings(source, _read(source), environment)
    except ValueError as error:
        problems = [Problem(link.file, link.shown_line, "server.config", link.value, str(error))]
    if problems:
        return _with_server(tree, server, {"config": link.with_value(None)}), problems
    return _with_server(tree, server, _keys(server, link, source, settings, environment)), []


def _keys(
    server: Located,
    link: Located,
    source: _Source | None,
    settings: Mapping[str, Setting],
    environment: Mapping[str, str],
) -> dict[str, Located]:
    """The keys of `server` that valid settings give, and `config` with what has to be said about all of them."""
    name = f"no {DEFAULT}" if source is None else source.name
    given = [str(key) for key in server.map if key != "config"]
    said = [*_found(link, source), *_from_environment(settings, name), *notes(settings, given, name)]
    read = {"notes": link.with_value([link.with_value(text) for text in said])}
    if source is not None:
        read = {"file": link.with_value(str(source.path.resolve()))} | read
    keys = {"config": link.with_value(read)}
    for one in taken(settings):
        if one.key not in given and one.value is not None:
            origin = name if one.setting.variable is None else one.setting.place(name)
            keys[one.key] = Located(one.value, origin, one.setting.line, None, link.folder)
    return keys


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


def _settings(source: _Source, data: bytes, environment: Mapping[str, str]) -> tuple[dict[str, Setting], list[Problem]]:
    """The settings of a file as the real server ends up with them, and what is wrong with them."""
    settings, wrong = read_settings(data)
    settings, missing = with_variables(settings, environment)
    if _is_true(settings.get(ENABLE)):
        settings = with_overrides(settings, [key.name for key in KEYS.values() if key.by_environment], environment)
    file = str(source.path)
    unset = {flaw.key for flaw in missing}
    problems = [_problem(flaw, file) for flaw in (*wrong, *missing)]
    for setting, flaw in flaws({key: setting for key, setting in settings.items() if key not in unset}):
        problems.append(_problem(flaw, file if setting.variable is None else setting.place(file)))
    return settings, problems


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
