"""Where replications run: in this process, in processes of this machine, or on a cluster."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from mmesim.experiment.execute.here import Here
from mmesim.experiment.execute.task import Executor


def local(jobs: int = 1) -> Executor:
    """An executor that runs up to `jobs` replications at the same time on this machine.

    One job runs in this process, more in new ones, which a script that asks for them needs
    `if __name__ == "__main__":` for. The first `run` starts the processes, which are kept until the context is left.
    """
    if jobs <= 1:
        return Here()
    from mmesim.experiment.execute.processes import Processes  # multiprocessing takes its time to import

    return Processes(jobs)


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
    from mmesim.experiment.execute.cluster import Cluster  # it imports all whose versions must agree

    return Cluster(address)
