"""What runs and who runs it: a task is one replication, an executor runs many; the results are the same anywhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from mmesim.errors import TooLarge
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.scenario import Scenario

if TYPE_CHECKING:
    from mmesim.engine.user_processes import UserProcess

Observer = Callable[[float, int, int, int], None]
"""Gets simulated seconds, calls, hits and misses so far of the replication that runs."""

Watch = Callable[[int, float, int, int, int], None]
"""Gets the index of a task and the same; called in the parent process."""

Finished = tuple[int, RunData]
"""Index of a task among those that were given, and what it measured."""

AHEAD = 2
"""Tasks taken for each worker: one that runs and one that waits for it."""


@dataclass(frozen=True)
class Task:
    """One replication of one scenario; `records` is the number of calls recorded (None: none, -1: all).

    `processes` are custom SimPy processes, functions of a module where the task leaves this process. `window_s` is the
    length of the windows of the series, seconds (None: one minute). `below` is the rank from which on calls need not be
    recorded, since they would be left out later (None: all may be wanted). `window_times`: also how many calls of each
    minute took how long, and how many were in flight every ten seconds. `figures` are those that the windows have
    (None: all): of a run with few calls a minute, most of the time goes into reading them.
    """

    compiles: ClassVar[bool] = True
    """Whether running it compiles the kernel where that has not been done."""

    scenario: Scenario
    replication: int
    records: int | None = None
    processes: tuple[UserProcess, ...] = ()
    window_s: float | None = None
    below: int | None = None
    window_times: bool = False
    figures: Collection[str] | None = None

    def run(self, observer: Observer | None = None) -> RunData:
        """Simulate it here."""
        from mmesim.engine.simulation import simulate  # compiles the kernel: only when something is run

        given = {
            "window_s": self.window_s,
            "below": self.below,
            "window_times": self.window_times or None,
            "figures": self.figures,
        }
        settings: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        try:
            return simulate(
                self.scenario, self.replication, observer, self.records, processes=self.processes, **settings
            )
        except MemoryError as error:
            # Calls pile up where the endpoint cannot keep up: what is wrong is the load, not the program.
            raise TooLarge(f"the simulation does not fit into memory ({error}): `mmesim validate` says why") from None


class Executor(Protocol):
    """Runs tasks, also several times in turn; a context manager that ends its processes on exit."""

    def __enter__(self) -> Self:
        """The executor, ready to run."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End what it has begun."""

    def run(self, tasks: Iterable[Task], watch: Watch | None = None) -> Generator[Finished, None, None]:
        """The index and the measurements of each task as it finishes.

        Tasks are taken only a few ahead of the workers. Whatever still runs when the generator is closed is abandoned.
        SimulationError when a task lost its process, and whatever the task itself raises.
        """


COMPILE_CPU_S = 20
"""About what it takes to compile the kernel, once, on an idle core; `make bench` measures it."""


def is_compiled() -> bool:
    """Whether the compiled kernel is on disk; if not, the first run takes `COMPILE_CPU_S` longer."""
    from mmesim.engine.kernel import jit

    return jit.is_compiled()


def compile_kernel() -> Path | None:
    """Compile the kernel unless that has been done; the folder where it is kept, None where nothing can be."""
    from mmesim.engine import dataplane
    from mmesim.engine.kernel import jit

    dataplane.entries()
    folder = jit.cache_folder()
    return folder if jit.is_compiled() else None
