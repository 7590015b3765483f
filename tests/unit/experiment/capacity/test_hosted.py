"""The capacity of an endpoint that hosts some of the models of its scenario."""

from __future__ import annotations

import pytest

from mmesim.experiment.capacity.capacity import capacity
from tests.helpers.texts import load_text

TWO_GROUPS = """
name: part
endpoint: {vcpu: 2, memory: 8 GiB, price_per_hour: 0.1 USD, warm: true, without: [elsewhere]}
models:
  - {name: here, count: 4, artifact_size: 1 MB, memory: 1 MiB, service: {wait: 10 ms}}
  - {name: elsewhere, count: 6, artifact_size: 1 MB, memory: 1 MiB, service: {wait: 10 ms}}
traffic: {models: [here], arrivals: {poisson: {rate: 4 /s}}}
run: {duration: 1 min}
"""


def test_the_models_that_share_the_price_are_those_that_are_hosted():
    found = capacity(load_text(TWO_GROUPS), of="models", up_to=8)
    assert found.now == 4
    costs = {one.amount: one.usd_per_model for one in found.tried}
    assert costs[4.0] == pytest.approx(73.0 / 4)
    assert costs[8.0] == pytest.approx(73.0 / 8)
