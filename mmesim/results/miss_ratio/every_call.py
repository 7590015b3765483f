"""Every call of a run, where all of them were recorded: from its result, or from the folder that it was written to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from mmesim.arrays import Ints
from mmesim.results.measured.run_data import RunData
from mmesim.results.miss_ratio.own_misses import Calls
from mmesim.results.tables.read_back import opened
from mmesim.scenario.scenario import Scenario

REQUESTS = "requests.parquet"
REPLICATION = "replication"


def of_runs(runs: Sequence[RunData]) -> Sequence[Calls] | None:
    """The calls of each replication; None where not all were recorded."""
    kept = [run.records for run in runs if run.records is not None]
    if len(kept) < len(runs):
        return None
    found = [Calls.of(records, run.warmup_s) for run, records in zip(runs, kept, strict=True)]
    ended = [run.calls - run.in_flight_at_end for run in runs]
    whole = all(np.count_nonzero(calls.measured) >= number for calls, number in zip(found, ended, strict=True))
    return found if whole else None


def of_folder(folder: Path, scenario: Scenario, warmup_s: float, ended: int) -> Sequence[Calls] | None:
    """The same from a folder: `ended` is how many measured calls were answered or failed, in all replications."""
    file = folder / REQUESTS
    if not file.is_file():
        return None
    with opened(file, ["model"]) as calls:
        if calls.metadata.num_rows < ended:
            return None
        number = {model.name: model.index for model in scenario.model_table()}
        parts: dict[int, list[Calls]] = {}
        for batch in calls.iter_batches(columns=[REPLICATION, "arrival_s", "model", "host"]):
            replication = batch[REPLICATION].to_numpy()
            model = _numbers(batch["model"], number)
            host = batch["host"].fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
            measured = batch["arrival_s"].to_numpy() >= warmup_s
            for one in np.unique(replication).tolist():
                here = replication == one
                parts.setdefault(one, []).append(Calls(model[here], host[here], measured[here]))
    found = [_joined(each) for each in parts.values()]
    return found if sum(np.count_nonzero(calls.measured) for calls in found) >= ended else None


def _numbers(names: pa.DictionaryArray, number: dict[str, int]) -> Ints:
    """The number of the model of each call, by its name."""
    known = np.array([number[name] for name in names.dictionary.to_pylist()], dtype=np.int32)
    found: Ints = known[names.indices.to_numpy()]
    return found


def _joined(parts: Sequence[Calls]) -> Calls:
    each = [(one.model, one.host, one.measured) for one in parts]
    model, host, measured = map(np.concatenate, zip(*each, strict=True))
    return Calls(model, host, measured)
