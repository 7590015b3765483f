"""A case of the gate beside its baseline: where the figures to compare come from, and what came of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel

from mmesim.errors import UserError
from mmesim.experiment.gate.baseline.baseline import baseline_of, compare
from mmesim.experiment.gate.cases import Case
from mmesim.experiment.store.store import Store
from mmesim.results.answers.gated import Drift
from mmesim.results.comparison.baseline import Baseline, ForeignFile, Series, file_of, read


class _Compared(BaseModel):
    """What the store keeps of a comparison that needed runs of its own."""

    figures: dict[str, Series]


def take_baselines(cases: Sequence[Case], replaced: bool) -> None:
    """Read the baseline of each case; one that cannot be used is its error, or none where it is to be replaced."""
    owners: dict[Path, Case] = {}
    for case in cases:
        if case.scenario is None:
            continue
        file = file_of(case.file)
        owner = owners.setdefault(file.resolve(), case)
        if replaced and not case.file.is_file():
            case.error = f"{case.file}: is not a file, so no baseline can lie beside it"
        elif replaced and owner is not case:
            case.error = f"{case.file}: its baseline would be {file}, as that of {owner.file}: rename one of them"
        else:
            _take_baseline(case, file, replaced)


def _take_baseline(case: Case, file: Path, replaced: bool) -> None:
    try:
        case.baseline = read(file, case.name)
    except UserError as error:
        if not replaced or isinstance(error, ForeignFile):
            case.error = str(error)


def from_verdicts(case: Case) -> None:
    """Take the figures to compare from the verdicts, where these have as long replications, and enough of them."""
    found, baseline = case.verdicts, case.baseline
    if found is None or baseline is None:
        return
    alike = (found.design.length, found.design.joined) == (baseline.length, baseline.joined)
    if alike and found.replications >= baseline.replications:
        case.compared = {
            name: Series(unit=one.unit, values=one.values[: baseline.replications])
            for name, one in found.figures.items()
        }


def recall_compared(case: Case, store: Store) -> None:
    """Take the figures to compare from the verdicts, or from the store, where they are there."""
    from_verdicts(case)
    if case.baseline is None or case.compared is not None:
        return
    document = store.document(_key(case, case.baseline))
    if document is not None:
        case.compared = _Compared.model_validate_json(document).figures


def keep_compared(case: Case, figures: Mapping[str, Series], store: Store) -> None:
    """Keep the figures of the runs that a comparison needed besides."""
    assert case.baseline is not None
    case.compared = dict(figures)
    store.keep_document(_key(case, case.baseline), _Compared(figures=case.compared).model_dump_json())


def drift_of(case: Case) -> Drift | None:
    """The case beside its baseline, None where it has none."""
    if case.scenario is None or case.baseline is None or case.compared is None:
        return None
    return compare(case.baseline, file_of(case.file), case.compared, case.scenario, case.file.parent)


def fresh_baselines(cases: Sequence[Case]) -> Iterator[tuple[Path, Baseline]]:
    """File and baseline of today of each case that has verdicts."""
    for case in cases:
        found = case.verdicts
        if case.error is None and case.scenario is not None and found is not None:
            yield file_of(case.file), baseline_of(case.scenario, case.file.parent, found.design, found.figures)


def _key(case: Case, baseline: Baseline) -> bytes:
    """The name of the figures to compare in the store: by what is simulated, and how long and how often."""
    design = f"{baseline.length} {baseline.joined} {baseline.replications}"
    return hashlib.blake2b(case.key + b"baseline" + design.encode(), digest_size=len(case.key)).digest()
