"""A kind of model server that no one ships: one queue for all models of a host, served by threads of one process."""

from __future__ import annotations

from mmesim.scenario import Server
from mmesim.scenario.clients.causes import Cause
from mmesim.scenario.models.groups import Model
from mmesim.scenario.server.kind import Death, Queue, ServerKind, Workers
from mmesim.scenario.server.kinds import KINDS

NAME = "one-queue"
TASKS, START_S, BACK_OFF_S = 2, 1.0, 2.0
ADD_AT = 2


class OneQueue(ServerKind):
    """Any worker serves any model. There is one at the start, and a second while two requests wait."""

    title = "one queue"

    def pool_memory_bytes(self, model: Model) -> int:
        """The model itself: there is one process for all."""
        return model.memory_bytes

    def pool_tasks(self, model: Model) -> int:
        """Two threads that keep it."""
        return TASKS

    @property
    def queue(self) -> Queue:
        """Refuses with an answer of its own."""
        return Queue("server", self.server.queue_bound, Cause.model_error)

    def model_workers(self, model: Model) -> Workers:
        """None: they are the server's."""
        return Workers(at_start=0, at_most=0)

    @property
    def server_workers(self) -> Workers:
        """One, and a second under load, which takes a second to start."""
        return Workers(at_start=1, at_most=2, add_at=ADD_AT, start_wait_s=START_S)

    def loads_at_once(self, model: Model) -> int:
        """The process loads the model once."""
        return 1

    @property
    def batch_without_delay(self) -> int:
        """No batches without a delay."""
        return 1

    @property
    def event_loops(self) -> int:
        """None is ever blocked."""
        return 0

    @property
    def load_keeps_loop(self) -> None:
        """Nothing."""
        return

    def death(self, model: Model | None) -> Death:
        """A thread is back after two seconds; the process has the models still."""
        return Death(BACK_OFF_S, reloads=False)

    @property
    def unload_poll_s(self) -> float:
        """Seldom."""
        return 0.5


KINDS[NAME] = OneQueue


def one_queue(server: Server) -> Server:
    """The same server with these rules."""
    kind: Server = server.model_copy(update={"kind": NAME})
    return kind
