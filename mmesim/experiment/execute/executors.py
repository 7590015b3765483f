"""Where replications run: in this process, in processes of this machine, or on a cluster; the results are the same."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from mmesim.results.run_data import RunData
from mmesim.scenario.scenario import Scenario

if TYPE_CHECKING:
    from mmesim.engine.user_processes import UserProcess

Observer = Callable[[float, int], None]
"""Is told simulated seconds and calls so far of the replication that runs."""

Simulate = Callable[[Scenario, int, Observer | None, int | None], RunData]
"""(scenario, replication, observer, records) -> measurements; with processes it must be a function of a module."""

Watch = Callable[[int, float, int], None]
"""Is told the index of a task, simulated seconds and calls so far; called in the process that asked."""

Finished = tuple[int, RunData]
"""Index of a task among those that were given, and what it measured."""

AHEAD = 2
"""Tasks taken for each worker: one that runs and one that waits for it."""


@dataclass(frozen=True)
class Task:
    """One replication of one scenario; `records` is the number of calls recorded (None: none, -1: all).

    `processes` are SimPy processes of the user's own; `simulate` stands in for the engine. Both must be functions of a
    module where the task leaves this process.
    """

    scenario: Scenario
    replication: int
    records: int | None = None
    processes: tuple[UserProcess, ...] = ()
    simulate: Simulate | None = None

    def run(self, observer: Observer | None = None) -> RunData:
        """Simulate it here."""
        return (self.simulate or _engine(self.processes))(self.scenario, self.replication, observer, self.records)


def _engine(processes: tuple[UserProcess, ...]) -> Simulate:
    from mmesim.engine.simulation import simulate  # compiles the kernel: only when something is run

    return partial(simulate, processes=processes) if processes else simulate


class Executor(Protocol):
    """Runs tasks, also several times in turn; a context, which ends its processes when it is left."""

    def __enter__(self) -> Self:
        """Return the executor, ready to run."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End what it has begun."""

    def run(self, tasks: Iterable[Task], watch: Watch | None = None) -> Generator[Finished, None, None]:
        """Yield the index and the measurements of each task as it finishes.

        Tasks are taken only a few ahead of the workers. What runs when the generator is closed is given up.
        SimulationError when a task lost its process, and whatever the task itself raises.
        """


def local(jobs: int = 1) -> Executor:
    """Return an executor that runs up to `jobs` replications at the same time on this machine.

    One job runs in this process, more in new ones, which a script that asks for them needs
    `if __name__ == "__main__":` for. The processes are begun by the first `run` and kept until the context is left.
    """
    from mmesim.experiment.execute.local import Here, Processes

    return Here() if jobs <= 1 else Processes(jobs)


def cluster(address: str) -> Executor:
    """Return an executor on the workers of a Dask scheduler, such as `tcp://scheduler:8786`.

    Entering it raises UserError when Dask is not installed, when the scheduler does not answer within 10 s or has no
    worker, and when scheduler or workers run other versions than this process. A replication whose worker is lost is
    run again by another, as often as the scheduler allows (three times unless it was started otherwise). A worker
    reports a replication when it is finished, not on the way.
    """
    from mmesim.experiment.execute.cluster import Cluster

    return Cluster(address)


def is_compiled() -> bool:
    """Return whether the compiled kernel is on disk; if not, the first run takes half a minute to a minute longer."""
    from mmesim.engine.kernel import jit

    return jit.is_compiled()
