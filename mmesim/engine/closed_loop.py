"""Gives the users of closed loops their next calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmesim.arrays import Ints
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.kernel.codes import NONE
from mmesim.engine.kernel.rows import DRAFT, OVERHEAD
from mmesim.scenario.scenario import Scenario
from mmesim.workload.block import OVERHEAD_COLUMNS
from mmesim.workload.users import BLOCKS, CALLS, GROUP, Users

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
        self._members = Counter(place[:2] for place in self._places)
        """(stream, group) -> its users, who follow each other."""
        self._begun = np.zeros(len(self._users), dtype=np.int64)
        """[users]: blocks of calls that each has got."""
        self._stay = [0] * len(self._users)
        self._budgets = _Budgets(self._users)
        self._groups: dict[tuple[int, int, int], _Calls] = {}
        tables, users = plane.tables, len(self._users)
        self._drafts = _Calls(  # these tables do not grow
            _words(tables.arrays.drafts, users, BLOCKS),
            _words(tables.arrays.draft_overhead, users, BLOCKS) if tables.arrays.draft_overhead.size else None,
            tables.arrays.draft_device.reshape(users, BLOCKS, CALLS) if tables.arrays.draft_device.size else None,
        )

    def begin(self) -> None:
        """Let every user begin at his time."""
        users = self._table
        self._plane.tables.views.budgets[:] = self._budgets.calls
        for row, user in enumerate(self._users):
            users.at[row] = users.first[row] = row * BLOCKS * CALLS
            users.last[row] = (row + 1) * BLOCKS * CALLS - 1
            users.budget[row] = self._budgets.of[row]
            if user.stays:
                if users.left[row] == 0:
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
            if users.left[row] > 0:
                self._come(row)
            else:
                self._draw(row)
            plane.next_call(now, row, free_at_s)
            row = after

    def _draw(self, row: int) -> None:
        """The next block of a user who has no call left, also for those of his group who have room for it."""
        stream, group, place = self._places[row]
        first = row - place
        block, of_group = int(self._begun[row]), slice(first, first + self._members[stream, group])
        takes = np.flatnonzero((self._begun[of_group] == block) & (self._table.left[of_group] <= CALLS * (BLOCKS - 1)))
        self._drafts.take(first + takes, block % BLOCKS, self._of_group(stream, group, block), takes)
        self._table.left[first + takes] += CALLS
        self._begun[first + takes] += 1

    def _of_group(self, stream: int, group: int, block: int) -> _Calls:
        """The calls of a block of all users of a group."""
        known = self._groups.get((stream, group, block))
        if known is not None:
            return known
        drafts = self._users.of_group(stream, group, block)
        rows = DRAFT.rows(GROUP * CALLS)
        for name in ("gap", "pace", "model", "cpu", "wait", "route", "key"):
            rows[name] = getattr(drafts, name)
        overhead = None
        if drafts.overhead is not None:
            overhead = OVERHEAD.rows(GROUP * CALLS)
            for k, name in enumerate(OVERHEAD_COLUMNS):
                overhead[name] = drafts.overhead[:, k]
            overhead = _words(overhead, GROUP)[:, 0]
        device = None if drafts.device is None else drafts.device.reshape(GROUP, CALLS)
        calls = self._groups[stream, group, block] = _Calls(_words(rows, GROUP)[:, 0], overhead, device)
        # A user who is further behind than this has his calls drawn once more: the same.
        self._groups.pop((stream, group, block - KEPT), None)
        return calls


@dataclass(frozen=True)
class _Calls:
    """Drawn calls, [users, (blocks,) calls], as words of eight bytes."""

    drafts: NDArray[Any]
    overhead: NDArray[Any] | None
    device: NDArray[Any] | None

    def take(self, rows: Ints, block: int, of: _Calls, places: Ints) -> None:
        """The calls of some places of a group are those of a block of these users."""
        for mine, his in ((self.drafts, of.drafts), (self.overhead, of.overhead), (self.device, of.device)):
            if mine is not None and his is not None:
                mine[rows, block] = his[places]


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


def _words(rows: NDArray[Any], users: int, blocks: int = 1) -> Ints:
    """The same memory as [users, blocks, calls, words of eight bytes]: copied at once, not field by field."""
    return rows.view(np.int64).reshape(users, blocks, CALLS, rows.itemsize // 8)
