"""Replications on the workers of a Dask scheduler."""

from __future__ import annotations

import queue
import time
import warnings
from collections.abc import Generator, Iterable
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mmesim.errors import UserError, WorkerKilled
from mmesim.experiment.execute.here import tell, warn_here
from mmesim.experiment.execute.parcel import Packer, Parcel
from mmesim.experiment.execute.task import AHEAD, Finished, Task, Watch
from mmesim.experiment.execute.versions import difference, versions
from mmesim.results.measured.run_data import RunData

if TYPE_CHECKING:
    from distributed import Client, Future

TIMEOUT_S = 10.0
"""Time within which a scheduler must answer."""

ALONE_S = 60.0
"""Time without any worker after which a run is abandoned: a worker that was killed may be started again."""

POLL_S = 0.5

_VERSIONS = "__import__('mmesim.experiment.execute.versions', fromlist=['versions']).versions()"
"""Evaluated there: sent as text, it is an answer also where mmesim is not installed."""


class Cluster:
    """Runs tasks on the workers of the scheduler at `address`; see `mmesim.experiment.execute.executors.cluster`."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client: Client | None = None

    def __enter__(self) -> Self:
        self._client = _connect(self._address)
        try:
            _check(self._client, self._address)
        except BaseException:
            self._client.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def run(self, tasks: Iterable[Task], watch: Watch | None = None) -> Generator[Finished, None, None]:
        """The measurements of each task as it finishes."""
        client = self._client
        if client is None:
            raise ValueError("the cluster is not connected: use it in a with statement")
        left, packer = enumerate(tasks), Packer()
        waiting: dict[object, tuple[int, Future[RunData]]] = {}
        finished: queue.SimpleQueue[object] = queue.SimpleQueue()
        seen = time.monotonic()
        try:
            while True:
                threads = self._threads(client)
                for index, task in islice(left, max(0, max(1, threads) * AHEAD - len(waiting))):
                    # Impure: Dask must not take the result of an earlier task of the same content from its memory.
                    future = client.submit(_work, packer.pack(task), versions(), pure=False)
                    waiting[future.key] = index, future
                    future.add_done_callback(lambda one: finished.put(one.key))
                if not waiting:
                    return
                try:
                    index, future = waiting.pop(finished.get(timeout=POLL_S))
                except queue.Empty:
                    seen = time.monotonic() if threads else seen
                    if time.monotonic() - seen > ALONE_S:
                        raise UserError(f"{self._address} has had no worker for {ALONE_S:.0f} s") from None
                    continue
                run = self._measured(future)
                warn_here(run)
                seen = time.monotonic()
                yield index, run
                tell(watch, index, run)
        except BaseException:
            for _, future in waiting.values():
                future.cancel()
            raise

    def _threads(self, client: Client) -> int:
        """How many tasks the workers that are there now run at the same time."""
        try:
            return sum(int(count) for count in client.nthreads().values())
        except OSError as error:
            raise self._lost() from error

    def _lost(self) -> UserError:
        return UserError(f"the connection to the scheduler {self._address} was lost")

    def _measured(self, future: Future[RunData]) -> RunData:
        from distributed.scheduler import KilledWorker

        if future.cancelled() or future.status == "lost":
            raise self._lost()
        try:
            run: RunData = future.result(timeout=TIMEOUT_S)
        except KilledWorker as error:
            raise WorkerKilled(
                f"a replication lost its worker {error.allowed_failures + 1} times: is there enough memory?"
            ) from error
        return run


def _connect(address: str) -> Client:
    """A connection to the scheduler, which does not become the one that other users of Dask here take by default."""
    try:
        import distributed
    except ModuleNotFoundError:
        raise UserError("a cluster needs Dask: pip install mmesim[cluster]") from None
    try:
        with warnings.catch_warnings():
            # Our own check names what matters, and refuses it.
            warnings.simplefilter("ignore", distributed.versions.VersionMismatchWarning)
            return distributed.Client(address, timeout=TIMEOUT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise UserError(
            f"no scheduler answers at {address} within {TIMEOUT_S:.0f} s: start one with `dask scheduler` and give its "
            f"address, such as tcp://localhost:8786 ({error})"
        ) from None


def _check(client: Client, address: str) -> None:
    """Raise UserError when there is no worker, or when scheduler or workers run other versions."""
    found: dict[str, Any] = client.run(eval, _VERSIONS, on_error="return")
    try:
        scheduler = client.run_on_scheduler(eval, _VERSIONS)
    except Exception as error:
        scheduler = error
    for name, there in [(f"the scheduler {address}", scheduler), *((f"the worker {one}", found[one]) for one in found)]:
        if isinstance(there, Exception):
            raise UserError(f"{name} cannot run mmesim {versions()['mmesim']}: {type(there).__name__}: {there}")
        differs = difference(there)
        if differs is not None:
            raise UserError(f"{name} does not run the same versions as this process: {differs}")
    if not found:
        raise UserError(f"the scheduler {address} has no worker: start some with `dask worker {address}`")


def _work(parcel: Parcel, expected: dict[str, str]) -> RunData:
    """What a worker does: one replication; a worker that came later was not asked for its versions before."""
    found = versions()
    if found != expected:
        raise UserError(f"a worker does not run the same versions as the process that asked: {found}, not {expected}")
    return parcel.open().run()
