"""Without a call nothing is said of how much fits."""

from __future__ import annotations

import pytest

from mmesim.errors import UserError
from mmesim.experiment.capacity.amounts import Of
from mmesim.experiment.capacity.capacity import capacity
from tests.helpers.texts import load_text

SCENARIO = """
name: silent
endpoint: {vcpu: 4, memory: 16 GiB}
models: [{name: m, artifact_size: 1 MB, memory: 1 MiB, service: {wait: 1 ms}}]
traffic: {arrivals: {poisson: {rate: 1 /d}}}
run: {duration: 1 s, warmup: 0 s, seed: 1}
expect: [p99 < 1 s]
"""


@pytest.mark.parametrize("of", ["models", "traffic"])
def test_without_a_call_nothing_is_judged(of: Of) -> None:
    with pytest.raises(UserError, match="silent: no call came in 10 replications, so nothing can be judged"):
        capacity(load_text(SCENARIO), of=of)
