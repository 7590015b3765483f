"""Where replications run: in this process, in processes of this machine, or on a cluster; the results are the same."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

from mmesim.results.run_data import RunData
from mmesim.scenario.scenario import Scenario

if TYPE_CHECKING:
    from mmesim.engine.user_processes import UserProcess

Observer = Callable[[float, int], None]
"""Is told simulated seconds and calls so far of the replication that runs."""

Watch = Callable[[int, float, int], None]
"""Is told the index of a task, simulated seconds and calls so far; called in the process that asked."""

Finished = tuple[int, RunData]
"""Index of a task among those that were given, and what it measured."""

AHEAD = 2
"""Tasks taken for each worker: one that runs and one that waits for it."""


@dataclass(frozen=True)
class Task:
    """One replication of one scenario; `records` is the number of calls recorded (None: none, -1: all).

    `processes` are custom SimPy processes, functions of a module where the task leaves this process. `window_s` is the
    length of the windows of the series, seconds (None: one minute).
    """

    compiles: ClassVar[bool] = True
    """Whether to run it is to compile the kernel, where that has not been done."""

    scenario: Scenario
    replication: int
    records: int | None = None
    processes: tuple[UserProcess, ...] = ()
    window_s: float | None = None

    def run(self, observer: Observer | None = None) -> RunData:
        """Simulate it here."""
        from mmesim.engine.simulation import simulate  # compiles the kernel: only when something is run

        windows = {} if self.window_s is None else {"window_s": self.window_s}
        return simulate(self.scenario, self.replication, observer, self.records, processes=self.processes, **windows)


class Executor(Protocol):
    """Runs tasks, also several times in turn; a context, which ends its processes when it is left."""

    def __enter__(self) -> Self:
        """The executor, ready to run."""

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
    """An executor that runs up to `jobs` replications at the same time on this machine.

    One job runs in this process, more in new ones, which a script that asks for them needs
    `if __name__ == "__main__":` for. The processes are begun by the first `run` and kept until the context is left.
    """
    from mmesim.experiment.execute.local import Here, Processes

    return Here() if jobs <= 1 else Processes(jobs)


def given_or_local(executor: Executor | None, jobs: int) -> AbstractContextManager[Executor]:
    """The executor that was given, which stays open afterwards, else a local one for as long as the context lasts."""
    return local(jobs) if executor is None else nullcontext(executor)


def cluster(address: str) -> Executor:
    """An executor on the workers of a Dask scheduler, such as `tcp://scheduler:8786`.

    Entering it raises UserError when Dask is not installed, when the scheduler does not answer within 10 s or has no
    worker, and when scheduler or workers run other versions than this process. A replication whose worker is lost is
    run again by another, as often as the scheduler allows (three times unless it was started otherwise). A worker
    reports a replication when it is finished, not on the way.
    """
    from mmesim.experiment.execute.cluster import Cluster

    return Cluster(address)


def is_compiled() -> bool:
    """Whether the compiled kernel is on disk; if not, the first run takes half a minute to a minute longer."""
    from mmesim.engine.kernel import jit

    return jit.is_compiled()
