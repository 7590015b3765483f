"""Gives the users of closed loops their next calls."""

from __future__ import annotations

from collections.abc import Callable

from mmesim.engine.dataplane import DataPlane
from mmesim.engine.kernel.codes import NONE
from mmesim.scenario.schema import Scenario
from mmesim.workload.block import OVERHEAD_COLUMNS
from mmesim.workload.users import CALLS, Users


class ClosedLoops:
    """The closed-loop users of a run; row k of the kernel's users is user k here."""

    def __init__(
        self, scenario: Scenario, replication: int, plane: DataPlane, observer: Callable[[float, int], None] | None
    ) -> None:
        self._users = Users(scenario, replication)
        self._plane = plane
        self._observer = observer
        self._block = [0] * len(self._users)

    def begin(self) -> None:
        """Let every user begin at his time."""
        users = self._plane.tables.views.users
        for row, user in enumerate(self._users):
            users.first[row] = row * CALLS
            users.end[row] = user.end_s
            self._draw(row)
            self._plane.next_call(0.0, row, user.begins_s)

    def refill(self, _: int) -> None:
        """Draw the next calls of every user who has none left."""
        plane = self._plane
        now, views = plane.now, plane.tables.views
        if self._observer is not None:
            self._observer(now, int(views.clock.calls[0]))
        row = int(views.clock.hungry[0])
        views.clock.hungry[0] = NONE
        while row != NONE:
            users = plane.tables.views.users
            after, free_at_s = int(users.next[row]), float(users.free_at[row])
            self._block[row] += 1
            self._draw(row)
            plane.next_call(now, row, free_at_s)
            row = after

    def _draw(self, row: int) -> None:
        views = self._plane.tables.views
        drafts, table = self._users.drafts(row, self._block[row]), views.drafts
        rows = slice(row * CALLS, (row + 1) * CALLS)
        for name in ("gap", "model", "cpu", "wait", "route", "key"):
            getattr(table, name)[rows] = getattr(drafts, name)
        table.stream[rows] = self._users.all[row].stream
        if drafts.overhead is not None:
            for k, name in enumerate(OVERHEAD_COLUMNS):
                getattr(table, name)[rows] = drafts.overhead[:, k]
        views.users.at[row] = 0
        views.users.drawn[row] = CALLS
