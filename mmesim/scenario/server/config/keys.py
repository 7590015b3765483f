"""Every key of a `config.properties` of MMS, and what becomes of it in a simulation.

Source: `ConfigManager.java`, `configuration.md` and the launcher of awslabs/multi-model-server, version 1.1.11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Use(StrEnum):
    """What becomes of a key."""

    taken = "taken"
    """Its value becomes a key of `server`."""
    models = "models"
    """Its values go to the models of the same name."""
    folded = "folded"
    """It changes a cost that the scenario gives as a whole."""
    missing = "missing"
    """It may change what the real server does, and is not simulated."""
    idle = "idle"
    """It changes nothing that is simulated."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its use, the place in a scenario that holds it or its cost, and one line of why.

    `least` is the smallest whole number that the real server runs with; `number` and `flag` are what the server reads
    its value as (text otherwise). `by_environment`: the server takes it from `MMS_KEY` too, once that is enabled.
    """

    name: str
    use: Use
    why: str
    scenario: str | None = None
    number: bool = False
    flag: bool = False
    least: int | None = None
    by_environment: bool = True


OVERHEAD = "server.overhead"
TLS = "encryption is CPU work of the front end"
_ROWS: tuple[Key, ...] = (
    Key("job_queue_size", Use.taken, "waiting room of each model", "server.job_queue_size", number=True, least=1),
    Key(
        "default_workers_per_model",
        Use.taken,
        "workers of a model that is registered without a number of its own",
        "server.default_workers_per_model",
        number=True,
    ),
    Key("preload_model", Use.taken, "one load in the parent, then forks", "server.preload_model", flag=True),
    Key(
        "number_of_netty_threads",
        Use.taken,
        "event loops; 0 means two for each CPU",
        "server.event_loops",
        number=True,
        least=0,
    ),
    Key("netty_client_threads", Use.folded, "threads for the workers' sockets", OVERHEAD, number=True, least=0),
    Key("decode_input_request", Use.folded, "decoding by the worker is service time", "models.service", flag=True),
    Key("async_logging", Use.folded, "logging is CPU work of the front end", OVERHEAD, flag=True),
    Key("use_native_io", Use.folded, "epoll or NIO", OVERHEAD, flag=True, by_environment=False),
    Key("vmargs", Use.folded, "memory of the JVM", "endpoint.base_memory", by_environment=False),
    Key("keystore", Use.folded, TLS, OVERHEAD),
    Key("keystore_pass", Use.folded, TLS, OVERHEAD),
    Key("keystore_type", Use.folded, TLS, OVERHEAD),
    Key("certificate_file", Use.folded, TLS, OVERHEAD),
    Key("private_key_file", Use.folded, TLS, OVERHEAD),
    Key("management_address", Use.folded, "both ports share the event loops", "server.event_loops"),
    Key("default_response_timeout", Use.missing, "see default_response_timeout_seconds", number=True),
    Key("default_response_timeout_seconds", Use.missing, "wins over the minutes", number=True),
    Key("max_request_size", Use.missing, "requests have no sizes: none is refused with 413", number=True),
    Key("max_response_size", Use.missing, "answers have no sizes: none kills its worker", number=True),
    Key(
        "load_models",
        Use.missing,
        "models are loaded by their first call, or are there at the start with `endpoint.warm: true`",
    ),
    Key("number_of_gpu", Use.missing, "GPUs are `endpoint.devices`, and all of them are used", number=True),
    Key(
        "metric_time_interval",
        Use.missing,
        "the short process that measures the host is left out; windows are always 1 min",
        number=True,
        by_environment=False,
    ),
    Key("unregister_model_timeout", Use.idle, "a parent process dies at once", number=True),
    Key("model_store", Use.idle, "artefacts come from S3"),
    Key("default_service_handler", Use.idle, "the handler is the service time"),
    Key("inference_address", Use.idle, "the network is `clients.network`"),
    Key("prefer_direct_buffer", Use.idle, "where socket buffers are", flag=True),
    Key("io_ratio", Use.idle, "NIO only", number=True, by_environment=False),
    Key("enable_envvars_config", Use.idle, "decides who sets the others", flag=True, by_environment=False),
    Key("blacklist_env_vars", Use.idle, "environment of the workers"),
    Key("plugins_path", Use.idle, "jars with other endpoints", by_environment=False),
    Key("model_server_home", Use.idle, "a folder", by_environment=False),
    Key("debug", Use.idle, "expects a worker that somebody starts by hand", flag=True),
    Key("NUM_WORKERS", Use.idle, "workers of models that are loaded at start", number=True, by_environment=False),
    Key("cors_allowed_origin", Use.idle, "a header"),
    Key("cors_allowed_methods", Use.idle, "a header"),
    Key("cors_allowed_headers", Use.idle, "a header"),
)

KEYS: dict[str, Key] = {key.name: key for key in _ROWS}
"""The table by name."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A server that reads a `config.properties`, and how it differs in this from others of its family."""

    name: str
    keys: Mapping[str, Key]
    prefix: str
    """What its environment variables begin with."""
    response_timeout_unit: Literal["minutes", "seconds"]
    """What `default_response_timeout` counts."""


MMS = Reader("MMS", KEYS, "MMS_", "minutes")
"""Multi Model Server."""

_CALL_LIMIT_S = 60.0


def late_answer(limit_s: float) -> str:
    """What happens to a call that takes longer than the server's own limit, which is not simulated."""
    if limit_s >= _CALL_LIMIT_S:
        return "for the client, endpoint.invocation_timeout (60 s unless given) ends a call before it"
    return "the real server answers 500 to a longer call and starts its worker again"
