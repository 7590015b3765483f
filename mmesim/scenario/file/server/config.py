"""Puts the values of `server.config` and `server.environment` under those of the scenario."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmesim.errors import Problem
from mmesim.scenario.file.server.environment import container_variables, of_variable
from mmesim.scenario.file.tree import Located
from mmesim.scenario.server.config.keys import MMS, Reader, Use
from mmesim.scenario.server.config.meaning import flaws, notes, taken
from mmesim.scenario.server.config.syntax import (
    Flaw,
    Setting,
    Unset,
    asked_for,
    read_settings,
    with_overrides,
    with_variables,
)
from mmesim.scenario.server.config.torchserve import (
    TORCHSERVE,
    Described,
    configured,
    described,
    marks,
    notes_on,
    reader_of,
)
from mmesim.scenario.server.container import (
    CONFIG_FILE,
    TOOLKIT,
    container_of,
    notes_on_variables,
    own_file,
    seen_by_file,
    written,
)
from mmesim.scenario.values.fields import shown

AUTO = "auto"
DEFAULT = "config.properties"
ENABLE = "enable_envvars_config"


@dataclass(frozen=True, slots=True)
class _Source:
    """A file to read; `name` is what it is called, `named_by` is where its name comes from."""

    path: Path
    name: str
    named_by: str

    @property
    def has_path(self) -> bool:
        """Whether it is a file of the user's, not that of a container."""
        return self.path != Path()


@dataclass(frozen=True, slots=True)
class _Contents:
    """What a file says, to which server, with the settings that variables leave open and the models it describes."""

    settings: Mapping[str, Setting]
    reader: Reader
    unset: Sequence[Unset]
    models: Sequence[Described]
    said: Sequence[str]
    """What has to be said about the variables of the container."""


def with_config(tree: Located, shell: Mapping[str, str]) -> tuple[Located, list[Problem]]:
    """The tree of a scenario with the keys of its `server.config` file, and everything that is wrong with that file.

    The variables are those of `server.environment`, which is not looked at again; without it they are those of the
    shell, for a file only. Keys that the scenario gives win; `config` itself becomes a map that says which file was
    read and what has to be said about it.
    """
    server = tree.map.get("server")
    link = None if server is None else server.map.get("config")
    variables = None if server is None else server.map.get("environment")
    named = link is not None and link.value is not None and not isinstance(link.value, dict)
    if server is None or (not named and (variables is None or variables.value is None)):
        return tree, []
    place = link if named and link is not None else variables
    assert place is not None
    given = [str(key) for key in server.map if key not in ("config", "environment")]
    kind = None if "kind" not in server.map else str(server.map["kind"].value)
    server = server.with_value({key: value for key, value in server.map.items() if key != "environment"})
    container, problems = container_variables(variables, link, named, kind)
    environment = shell if variables is None or container is None else container
    source, read = None, _Contents({}, MMS, (), [], ())
    try:
        if named:
            source = _source(place, environment)
        elif not problems:
            source = _Source(Path(), container_of(environment).name, "")
        if source is not None:
            data = _read(source) if named else own_file(environment)
            read, wrong = _settings(source, data, environment, given, variables, kind)
            problems += wrong
    except ValueError as error:
        problems.append(Problem(place.file, place.shown_line, "server.config", place.value, str(error)))
    if problems:
        return _with_server(tree, server, {"config": place.with_value(None)}), problems
    return _with_server(tree, server, _keys(place, source, read, given, kind)), []


def is_read(tree: Located) -> bool:
    """Whether a scenario names a configuration that is still to be read."""
    link = tree.map["server"].map.get("config") if "server" in tree.map else None
    return link is not None and isinstance(link.value, str)


def _keys(
    link: Located, source: _Source | None, read: _Contents, given: Sequence[str], kind: str | None
) -> dict[str, Located]:
    """The keys of `server` that valid settings give, and `config` with what has to be said about all of them."""
    name = f"no {DEFAULT}" if source is None else source.name
    said = [
        *_found(link, source),
        *_from_environment(read.settings, read.reader, name),
        *read.said,
        *_not_set(read.unset, name),
        *notes(read.settings, read.reader, given, name, kind),
        *notes_on(read.models, read.settings, name),
    ]
    config = {"notes": link.with_value([link.with_value(text) for text in said])}
    if source is not None and source.has_path:
        config = {"file": link.with_value(str(source.path.resolve()))} | config
    if read.models:
        rows = [{key: link.with_value(value) for key, value in row.items()} for row in configured(read.models)]
        config["models"] = link.with_value([link.with_value(row) for row in rows])
    keys = {"config": link.with_value(config)}
    if read.reader is TORCHSERVE and kind is None:
        first = read.settings[marks(read.settings)[0]]
        keys["kind"] = Located("torchserve", name, first.line, None, link.folder)
    for one in taken(read.settings, read.reader):
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
    if CONFIG_FILE in environment:
        return _Source(Path(environment[CONFIG_FILE]), environment[CONFIG_FILE], f"{CONFIG_FILE} names it")
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
    source: _Source,
    data: bytes,
    environment: Mapping[str, str],
    given: Sequence[str],
    variables: Located | None,
    kind: str | None,
) -> tuple[_Contents, list[Problem]]:
    """The settings of a file as the real server ends up with them, and what is wrong with them."""
    settings, wrong = read_settings(data)
    reader = reader_of(settings, kind)
    asked = asked_for(settings)
    has_map = variables is not None
    container = container_of(environment) if has_map else None
    settings, unset = with_variables(settings, environment if container is None else seen_by_file(environment))
    own = not source.has_path
    # The toolkit writes its lines after those of its file; a file of MMS_CONFIG_FILE is read instead of that one.
    applied = container is not None and (own or (container is TOOLKIT and CONFIG_FILE not in environment))
    if container is not None and applied:
        lines = written(container, environment)
        settings = {key: value for key, value in settings.items() if key not in lines} | lines
    enabled = _is_true(settings.get(ENABLE))
    if enabled:
        allowed = [key.name for key in reader.keys.values() if key.by_environment]
        settings = with_overrides(settings, reader.prefix, allowed, environment)
    models, wrong_models = described(settings) if reader is TORCHSERVE else ([], [])
    file = str(source.path) if source.has_path else source.name
    problems = [_problem(flaw, file) for flaw in (*wrong, *_needed(unset, settings, reader, given), *wrong_models)]
    for setting, flaw in flaws(settings, reader):
        if variables is not None and setting.variable is not None:
            problems.append(of_variable(variables, setting.variable, f"{setting.key}: {flaw.message}"))
        else:
            problems.append(_problem(flaw, file if setting.variable is None else setting.place(file)))
    said = list(notes_on_variables(environment, source.name, asked, enabled, applied)) if has_map else []
    return _Contents(settings, reader, tuple(unset), models, said), problems


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
        return [f"no {DEFAULT}: {CONFIG_FILE} is not set and the working folder has none, so MMS's own defaults hold"]
    return [f"{source.name}: read because {source.named_by}"]


def _from_environment(settings: Mapping[str, Setting], reader: Reader, name: str) -> list[str]:
    """What environment variables changed, and an enabling that is none."""
    variables = [setting.variable for setting in settings.values() if setting.variable is not None]
    found = [variable for variable in variables if variable.startswith(reader.prefix)]
    said = [f"{name}: {ENABLE}=true lets these variables win: {', '.join(found)}"] if found else []
    enable = settings.get(ENABLE)
    if enable is not None and enable.value.lower() not in ("true", "false"):
        said.append(f"{enable.place(name)}: {ENABLE}={enable.value!r} counts as false")
    return said
