"""The kinds of model server that `server.kind` can name."""

from __future__ import annotations

from mmesim.scenario.server.kind import ServerKind
from mmesim.scenario.server.mms import Mms
from mmesim.scenario.server.server import Server

KINDS: dict[str, type[ServerKind]] = {"mms": Mms}
"""Name -> its rules."""


def kind_of(server: Server, vcpu: int, gpus: int = 0) -> ServerKind:
    """The rules of a scenario's server on hosts with `vcpu` vCPUs and `gpus` GPUs."""
    return KINDS[server.kind](server, vcpu, gpus)
