"""Rules that are wrong on purpose: what the agreement with the real server is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from tests.measured.cases import Case, read
from tests.measured.replay import Comparison, Costs, beside


@dataclass(frozen=True)
class Wrong:
    """A run that is replayed with one rule changed."""

    run: str
    rule: str
    change: Callable[[Case, Costs], tuple[Case, Costs]]

    @cache  # noqa: B019 (the few of WRONG live as long as the process)
    def compare(self) -> Comparison:
        """The real run beside the wrong replays."""
        case = read(self.run)
        return beside(*self.change(case, Costs.of(case)))


def _no_hold(case: Case, costs: Costs) -> tuple[Case, Costs]:
    return case, replace(costs, hold_s=0.0)


def _smaller_room(case: Case, costs: Costs) -> tuple[Case, Costs]:
    return replace(case, job_queue_size=case.job_queue_size - 1), costs


def _half_delay(case: Case, costs: Costs) -> tuple[Case, Costs]:
    models = (replace(model, max_batch_delay_s=model.max_batch_delay_s / 2) for model in case.models)
    return replace(case, models=tuple(models)), costs


def _server_waits(case: Case, costs: Costs) -> tuple[Case, Costs]:
    return case, replace(costs, cpu=False)


def _handlers_wait(case: Case, costs: Costs) -> tuple[Case, Costs]:
    return replace(case, models=tuple(replace(model, cpu=False) for model in case.models)), costs


WRONG = (
    Wrong("c1_mm1", "a worker takes its next job at once (`hold` 0)", _no_hold),
    Wrong("c3_md4", "a worker takes its next job at once (`hold` 0)", _no_hold),
    Wrong("c4_overload", "the job in service counts as waiting (room for 19)", _smaller_room),
    Wrong("c5_batch", "half the batch delay (10 ms)", _half_delay),
    Wrong("c7_cpu", "the server's own work takes time but no CPU", _server_waits),
    Wrong("c7_cpu", "handlers wait instead of computing", _handlers_wait),
)
