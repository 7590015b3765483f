"""What an answer takes as given of its scenario."""

from __future__ import annotations

from mmesim.experiment.assumed import assumed
from tests.helpers.texts import load_text

SCENARIO = """\
name: assumed
endpoint: {vcpu: 4, memory: 8 GiB}
models: [{name: m, artifact_size: 1 MB, memory: MEMORY, service: {cpu: CPU}}]
traffic: [{arrivals: {poisson: {rate: 10 /s}}}]
run: {duration: 60 s}
"""
MEMORY = "{uncertain: {low: 10 MiB, mid: 20 MiB, high: 40 MiB}}"
CPU = "{uncertain: {uniform: {low: 10 ms, high: 30 ms}}}"


def said(memory: str, cpu: str) -> list[str]:
    return list(assumed(load_text(SCENARIO.replace("MEMORY", memory).replace("CPU", cpu))))


def test_what_is_believed_is_one_sentence() -> None:
    assert said("20 MiB", "20 ms") == []
    assert said(MEMORY, "20 ms") == ["models.m.memory is believed, not known: 20 MiB is used"]
    assert said(MEMORY, CPU) == [
        "2 inputs are believed, not known: models.m.memory = 20 MiB, models.m.service.cpu = 20 ms are used"
    ]
