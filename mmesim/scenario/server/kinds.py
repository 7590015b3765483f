"""The kinds of model server that `server.kind` can name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmesim.scenario.server.custom import Custom
from mmesim.scenario.server.djl import Djl
from mmesim.scenario.server.kind import ServerKind
from mmesim.scenario.server.mms import Mms
from mmesim.scenario.server.torchserve import Torchserve
from mmesim.scenario.server.triton import Triton

if TYPE_CHECKING:
    from mmesim.scenario.server.server import Server

KINDS: dict[str, type[ServerKind]] = {
    "mms": Mms,
    "djl": Djl,
    "torchserve": Torchserve,
    "triton": Triton,
    "custom": Custom,
}
"""Name -> its rules."""


def kind_of(server: Server, vcpu: int, gpus: int = 0) -> ServerKind:
    """The rules of a scenario's server on hosts with `vcpu` vCPUs and `gpus` GPUs."""
    return KINDS[server.kind](server, vcpu, gpus)
