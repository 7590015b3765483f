"""Instance types near another one."""

from __future__ import annotations

import pytest

from mmesim.experiment.explained.types import larger, own_row, smaller, with_less_memory, with_more_memory
from mmesim.scenario.endpoint import catalogue
from mmesim.scenario.endpoint.endpoint import Endpoint


def test_the_next_sizes_are_of_the_same_family() -> None:
    row = catalogue.look_up("ml.m5.xlarge")
    assert larger(row) == "ml.m5.2xlarge"
    assert smaller(row) == "ml.m5.large"
    assert smaller(catalogue.look_up("ml.m5.large")) is None
    assert larger(catalogue.look_up("ml.m5.24xlarge")) is None


@pytest.mark.parametrize("name", ["ml.m5.large", "ml.m5.xlarge", "ml.c5.2xlarge", "ml.m6g.xlarge"])
def test_types_with_other_memory_run_the_same_image(name: str) -> None:
    row = catalogue.look_up(name)
    more, less = with_more_memory(row), with_less_memory(row)
    assert more is not None
    for other, at_least, at_most in ((more, 1.5, 100.0), (less, 0.0, 0.75)):
        if other is None:
            continue
        found = catalogue.look_up(other)
        assert found.vcpu == row.vcpu
        assert found.memory_gib is not None
        assert row.memory_gib is not None
        assert at_least <= found.memory_gib / row.memory_gib <= at_most
        assert (found.instance_type.split(".")[1][2:3] == "g") == (name == "ml.m6g.xlarge")
        assert not found.gpu_count
        assert not found.instance_type.startswith("ml.t")


def test_less_memory_is_cheaper() -> None:
    row = catalogue.look_up("ml.m5.xlarge")
    less = with_less_memory(row)
    assert less is not None
    price, its_price = row.price[0], catalogue.look_up(less).price[0]
    assert price is not None
    assert its_price is not None
    assert its_price < price


def test_the_cheapest_type_is_that_of_the_prices_that_are_paid() -> None:
    row = catalogue.look_up("ml.m5.xlarge")
    assert with_more_memory(row) != "ml.r6i.xlarge"
    assert with_more_memory(row, {"ml.r6i.xlarge": 0.01}) == "ml.r6i.xlarge"


def test_a_host_that_is_not_as_its_type_has_no_neighbours() -> None:
    assert own_row(Endpoint.model_validate({"instance_type": "ml.m5.xlarge"})) is not None
    assert own_row(Endpoint.model_validate({"instance_type": "ml.m5.xlarge", "memory": "20 GiB"})) is None
    assert own_row(Endpoint.model_validate({"instance_type": "ml.m5.xlarge", "network": "9 Gbit/s"})) is None
    assert own_row(Endpoint.model_validate({"instance_type": "ml.m5.xlarge", "price_per_hour": "9 USD"})) is not None
    assert own_row(Endpoint.model_validate({"vcpu": 4, "memory": "16 GiB"})) is None
