"""What a simulation keeps of a part of a run: its calls with the times at each stage, its loads and unloads."""

from __future__ import annotations

import numpy as np

from mmesim.arrays import Floats
from mmesim.engine.control.loads.log import LoadLog
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.measure.recorder import ALL, Recorder, Rows
from mmesim.results.timeline.seen import MOST_SLICES, Evicted, Load, SeenCalls, Unload


class WindowRecorder(Recorder):
    """Keeps every call that is under way at some time of [start, end), and no other."""

    def __init__(self, window_s: tuple[float, float]) -> None:
        super().__init__(ALL, key=0)
        self._start_s, self._end_s = window_s
        self._kept: list[tuple[Rows, Floats, Floats]] = []

    def flush(self) -> None:
        """Take over what belongs to the window from the kernel's buffer."""
        assert self._tables is not None
        views = self._tables.views
        n = int(views.space[0].n_records)
        rows = self._tables.arrays.records[:n]
        inside = (rows["arrival"] < self._end_s) & (rows["arrival"] + rows["latency"] > self._start_s)
        self._kept.append((rows[inside], views.record_parts[:n][inside], views.record_times[:n][inside]))
        views.space[0].n_records = 0
        self._shorten()

    def _shorten(self) -> None:
        """Where there are more calls than a trace can show, those that began last are not needed."""
        if sum(rows.size for rows, *_ in self._kept) <= MOST_SLICES:
            return
        begun = np.concatenate([rows["arrival"] for rows, *_ in self._kept])
        self._end_s = float(np.nextafter(np.partition(begun, MOST_SLICES)[MOST_SLICES], np.inf))
        for k, (rows, parts, times) in enumerate(self._kept):
            inside = rows["arrival"] < self._end_s
            self._kept[k] = rows[inside], parts[inside], times[inside]

    def calls(self) -> SeenCalls:
        """All that were kept, in order of call number."""
        self.flush()
        rows, parts, times = (np.concatenate(one) for one in zip(*self._kept, strict=True))
        order = np.argsort(rows["call"], kind="stable")
        rows = rows[order]
        return SeenCalls(
            call=rows["call"].copy(),
            arrival_s=rows["arrival"].copy(),
            latency_s=rows["latency"].copy(),
            model=rows["model"].copy(),
            host=rows["host"].copy(),
            hit=rows["hit"].astype(np.bool_),
            cause=rows["cause"].copy(),
            attempts=rows["attempts"].copy(),
            parts_s=parts[order],
            times_s=times[order],
        )


class KeptLoads(LoadLog):
    """Keeps the loads and unloads that are under way at some time of [start, end)."""

    def __init__(self, window_s: tuple[float, float]) -> None:
        self._start_s, self._end_s = window_s
        self._loads: dict[int, Load] = {}
        """By pool."""
        self._unloads: dict[tuple[int, int, int], Unload] = {}
        """By host, pool, and deaths of the container."""
        self._over: list[Load | Unload] = []
        self.evictions: list[Evicted] = []

    def begun(self, pool: int, host: int, model: int, now: float) -> None:
        """A load was asked for."""
        self._loads[pool] = Load(host, model, now)

    def ended(self, pool: int, plane: DataPlane, now: float, *, is_ready: bool) -> None:
        """It is over: keep it with its phases if it was seen in the window."""
        load = self._loads.pop(pool)
        first, second, third = (float(phase[pool]) for phase in plane.phases)
        load.phases_s, load.ended_s, load.is_ready = (first, second, third), now, is_ready
        if now > self._start_s:
            self._over.append(load)

    def evicted(self, host: int, model: int, now: float) -> None:
        """A copy was chosen."""
        if self._start_s <= now < self._end_s:
            self.evictions.append(Evicted(host, model, now))

    def unloading(self, host: int, pool: int, deaths: int, model: int, now: float) -> None:
        """An unload begins."""
        self._unloads[host, pool, deaths] = Unload(host, model, now)

    def unloaded(self, host: int, pool: int, deaths: int, now: float) -> None:
        """It is over."""
        unload = self._unloads.pop((host, pool, deaths))
        unload.ended_s = now
        if now > self._start_s:
            self._over.append(unload)

    def loads(self) -> list[Load]:
        """Those of the window, in the order in which they were asked for."""
        found = [one for one in (*self._over, *self._loads.values()) if isinstance(one, Load)]
        return sorted((one for one in found if one.asked_s < self._end_s), key=lambda one: (one.asked_s, one.host))

    def unloads(self, gone_s: list[float]) -> list[Unload]:
        """Those of the window, in the order in which they began; an unload ends when its host goes (`gone_s`)."""
        found = [one for one in (*self._over, *self._unloads.values()) if isinstance(one, Unload)]
        for one in found:
            one.ended_s = min(one.ended_s, gone_s[one.host])
        inside = [one for one in found if one.begun_s < self._end_s and one.ended_s > self._start_s]
        return sorted(inside, key=lambda one: (one.begun_s, one.host))


class Watched:
    """What a simulation needs to keep all of [start, end) of a run."""

    def __init__(self, window_s: tuple[float, float]) -> None:
        self.recorder = WindowRecorder(window_s)
        self.log = KeptLoads(window_s)
