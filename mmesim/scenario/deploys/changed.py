"""Which keys an update may change: those that each host has for itself, so that old and new ones can stand together."""

from __future__ import annotations

from mmesim.errors import did_you_mean
from mmesim.scenario.endpoint.endpoint import Endpoint
from mmesim.scenario.endpoint.host_type import HOST_KEYS
from mmesim.scenario.values.fields import Refused

TYPE, COUNT = "endpoint.instance_type", "endpoint.instance_count"
OF_A_HOST = (
    TYPE,
    COUNT,
    *(f"endpoint.{key}" for key in HOST_KEYS),
    "endpoint.load_slots",
    "endpoint.memory_threshold",
    "endpoint.memory_reserve",
    "endpoint.usable_memory",
    "endpoint.base_memory",
    "endpoint.pid_limit",
    "endpoint.disk_size",
    "endpoint.disk_read",
)
"""Every key that an update may change, named as in `--set`."""

_SHORT = {key.partition(".")[2]: key for key in OF_A_HOST}
_RULES = {field.alias or name for name, field in Endpoint.model_fields.items()}
_REASONS = {
    "endpoint": "is one rule for all hosts of the endpoint, old and new",
    "server": "is the same on old and new hosts",
    "models": "is the same on old and new hosts; a new image or new artefacts, with which every model is loaded anew, "
    "is to: {}",
}


def refusal(path: str) -> Refused | None:
    """Why an update cannot change a key, None when it can."""
    if path in OF_A_HOST:
        return None
    section, _, key = path.partition(".")
    reason, hint = _REASONS.get(section), None
    if reason is None or (section == "endpoint" and key.partition(".")[0] not in _RULES):
        hint = f"write {_SHORT[path]}" if path in _SHORT else did_you_mean(path, OF_A_HOST)
        reason = "is not a key of an endpoint's configuration"
    return Refused(f"{reason}; of `endpoint` a deploy can change {', '.join(_SHORT)}", (path,), hint)
