"""Gives the users of closed loops their next calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmesim.arrays import Floats, Ints
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.kernel.codes import NONE
from mmesim.engine.kernel.rows import DRAFT
from mmesim.scenario.scenario import Scenario
from mmesim.workload.block import OVERHEAD_COLUMNS
from mmesim.workload.users import CALLS, GROUP, Users

KEPT = 2
"""Blocks of a group of users that are kept for those of them who are slower."""


class ClosedLoops:
    """The closed-loop users of a run; row k of the kernel's users is user k here."""

    def __init__(
        self, scenario: Scenario, replication: int, plane: DataPlane, report: Callable[[], None] | None
    ) -> None:
        self._users = Users(scenario, replication)
        self._plane = plane
        self._report = report
        self._table = plane.tables.views.users  # this table does not grow either
        self._places = [(user.stream, *divmod(user.number, GROUP)) for user in self._users]
        self._block = [0] * len(self._users)
        self._stay = [0] * len(self._users)
        self._budgets = _Budgets(self._users)
        self._groups: dict[tuple[int, int, int], tuple[Ints, Floats | None]] = {}
        self._on_device = plane.tables.views.draft_device  # nor does this one
        self._drafts = _words(plane.tables.arrays.drafts)  # this table does not grow

    def begin(self) -> None:
        """Let every user begin at his time."""
        users = self._table
        self._plane.tables.views.budgets[:] = self._budgets.calls
        for row, user in enumerate(self._users):
            users.first[row] = row * CALLS
            users.budget[row] = self._budgets.of[row]
            if user.stays:
                self._draw(row)
                self._come(row)
                self._plane.next_call(0.0, row, user.stays[0][0])

    def _come(self, row: int) -> None:
        """The user may call from the begin to the end of his next stay."""
        users, stays, stay = self._table, self._users.all[row].stays, self._stay[row]
        users.begin[row], users.end[row] = stays[stay]
        self._stay[row] += 1
        users.again[row] = self._stay[row] < len(stays)

    def refill(self, _: int) -> None:
        """Draw the next calls of every user who has none left; a user whose stay is over comes to his next."""
        plane, users = self._plane, self._table
        now, views = plane.now, plane.tables.views
        if self._report is not None:
            self._report()
        row = int(views.clock[0].undrawn)
        views.clock[0].undrawn = NONE
        while row != NONE:
            after, free_at_s = int(users.next[row]), float(users.free_at[row])
            if users.at[row] < users.drawn[row]:
                self._come(row)
            else:
                self._block[row] += 1
                self._draw(row)
            plane.next_call(now, row, free_at_s)
            row = after

    def _draw(self, row: int) -> None:
        users = self._table
        stream, group, place = self._places[row]
        calls, on_device = self._of_group(stream, group, self._block[row])
        mine, his = slice(row * CALLS, (row + 1) * CALLS), slice(place * CALLS, (place + 1) * CALLS)
        self._drafts[mine] = calls[his]
        if on_device is not None:
            self._on_device[mine] = on_device[his]
        users.at[row] = 0
        users.drawn[row] = CALLS

    def _of_group(self, stream: int, group: int, block: int) -> tuple[Ints, Floats | None]:
        """Rows of the drafts for a block of all users of a group, and their times on a device."""
        known = self._groups.get((stream, group, block))
        if known is not None:
            return known
        drafts = self._users.of_group(stream, group, block)
        rows = DRAFT.rows(GROUP * CALLS)
        for name in ("gap", "pace", "model", "cpu", "wait", "route", "key"):
            rows[name] = getattr(drafts, name)
        if drafts.overhead is not None:
            for k, name in enumerate(OVERHEAD_COLUMNS):
                rows[name] = drafts.overhead[:, k]
        both = self._groups[stream, group, block] = _words(rows), drafts.device
        # A user who is further behind than this has his calls drawn once more: the same.
        self._groups.pop((stream, group, block - KEPT), None)
        return both


class _Budgets:
    """How many calls may still begin: of all users of a stream together, or of each."""

    def __init__(self, users: Users) -> None:
        self.calls: list[int] = []
        self.of = np.full(len(users), NONE, dtype=np.int64)
        """[users]: place in `calls`, NONE: no limit."""
        shared: dict[int, int] = {}
        for row, user in enumerate(users):
            together, each = users.limits[user.stream]
            if each is not None:
                self.of[row] = len(self.calls)
                self.calls.append(each)
            elif together is not None:
                if user.stream not in shared:
                    shared[user.stream] = len(self.calls)
                    self.calls.append(together)
                self.of[row] = shared[user.stream]


def _words(rows: NDArray[Any]) -> Ints:
    """The same memory, each row as its words of eight bytes: copied at once, not field by field."""
    return rows.view(np.int64).reshape(len(rows), rows.itemsize // 8)
