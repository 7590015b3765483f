import csv
import re
from importlib.resources import files

import botocore.loaders
import pytest

from mmesim.scenario.endpoint.catalogue import (
    REGION,
    UnknownType,
    instance_types,
    look_up,
    regions,
    sagemaker_regions,
)


def test_facts_of_a_type_come_with_price_and_source():
    row = look_up("ml.m5.xlarge")
    assert (row.vcpu, row.memory_gib, row.network_gbps) == (4, 16, 1.25)
    price, estimated, source = row.price
    assert (price, estimated) == (0.23, False)
    assert source == "SageMaker's price for hosting, us-east-1, 2026-06-27"


def test_a_price_of_another_region_is_that_regions_own():
    assert look_up("ml.m5.xlarge", "eu-west-1").price[0] == 0.257


@pytest.mark.parametrize(
    "region", ["eu-west-2", "eu-central-1", "sa-east-1", "us-west-1", "ca-central-1", "eusc-de-east-1"]
)
def test_a_region_of_aws_is_no_slip_of_one_that_has_prices(region: str) -> None:
    assert look_up("ml.m5.xlarge", region).price == (None, False, "")


def test_the_regions_are_those_that_botocore_has_for_sagemaker() -> None:
    partitions = botocore.loaders.Loader().load_data("endpoints")["partitions"]
    theirs = {
        region
        for partition in partitions
        for region in partition["services"].get("runtime.sagemaker", {}).get("endpoints", {})
        if region in partition["regions"]
    }
    assert set(sagemaker_regions()) <= theirs
    assert set(regions()) <= set(sagemaker_regions())
    assert [one for one in sagemaker_regions() if not re.fullmatch(REGION, one)] == []


def test_a_region_without_rows_has_the_hardware_and_no_price():
    row = look_up("ml.m5.large", "ap-south-1")
    assert (row.vcpu, row.region, row.price) == (2, "ap-south-1", (None, False, ""))


def test_an_unpriced_cpu_type_is_estimated_from_ec2_and_marked():
    price, estimated, source = look_up("ml.m7i.large").price
    assert price == pytest.approx(0.1008 * 1.2)
    assert estimated
    assert source == "estimate: EC2 price of 2026-07-20 x 1.20"


def test_types_with_accelerators_are_not_estimated():
    unpriced = [row for row in map(look_up, instance_types()) if row.price_usd_per_hour is None]
    assert {row.price[1] for row in unpriced if row.gpu_count or row.accelerator} == {False}
    assert {row.price[1] for row in unpriced if not row.gpu_count and not row.accelerator and row.vcpu} == {True}


@pytest.mark.parametrize(
    ("instance_type", "threads", "smt_yield"),
    [
        ("ml.m5.xlarge", 2, 1.3),
        ("ml.m6g.xlarge", 1, 1.0),
        ("ml.c7g.large", 1, 1.0),
        ("ml.r8g.large", 1, 1.0),
        ("ml.r7gd.large", 1, 1.0),
        ("ml.c6gn.large", 1, 1.0),
        ("ml.g4dn.xlarge", 2, 1.3),
        ("ml.g5.xlarge", 2, 1.3),
        ("ml.inf1.xlarge", 2, 1.3),
        ("ml.t2.medium", 1, 1.0),
    ],
)
def test_a_vcpu_is_half_a_core_or_a_whole_one(instance_type, threads, smt_yield):
    row = look_up(instance_type)
    assert (row.threads_per_core, row.smt_yield) == (threads, smt_yield)


def test_speed_is_known_for_the_reference_family_and_assumed_elsewhere(scenario, base):
    assert look_up("ml.c5.large").cpu_speed == 1.0
    assert look_up("ml.m5.large").cpu_speed is None
    assert not scenario(base, "endpoint.instance_type=ml.c5.xlarge").endpoint.host.cpu_speed_assumed
    assert scenario(base).endpoint.host.cpu_speed_assumed


def test_an_unpriced_type_carries_its_estimate_into_the_scenario(scenario, base):
    host = scenario(base, "endpoint.instance_type=ml.m7i.xlarge").endpoint.host
    assert host.price_estimated
    assert host.price_source.startswith("estimate")
    assert scenario(base, "endpoint.region=ap-south-1").endpoint.host.price_usd_per_hour is None


@pytest.mark.parametrize(
    ("instance_type", "hint"),
    [("ml.m5.xlrage", "did you mean ml.m5.xlarge?"), ("m5.xlarge", "did you mean ml.m5.xlarge?")],
)
def test_an_unknown_type_is_refused_with_the_nearest(instance_type, hint):
    with pytest.raises(UnknownType) as error:
        look_up(instance_type)
    assert error.value.hint == hint


def test_every_row_is_whole():
    rows = list(
        csv.DictReader(files("mmesim.scenario.endpoint").joinpath("data/instances.csv").read_text().splitlines())
    )
    assert len({(row["instance_type"], row["region"]) for row in rows}) == len(rows) == 286
    assert len(instance_types()) == 277
    for row in rows:
        assert re.fullmatch(r"ml\.[a-z0-9-]+\.\w+", row["instance_type"])
        assert (row["threads_per_core"], row["smt_yield"]) in {("1", "1"), ("2", "1.3")}
        assert row["cpu_source"]
        assert row["source"] or not row["vcpu"]


def test_every_type_that_lacks_nothing_makes_a_host(scenario, base):
    asked = {"vcpu", "memory", "network"}
    lacking = {name for name in instance_types() if not asked <= set(look_up(name).figures())}
    assert lacking == {
        *(f"ml.c4.{size}" for size in ("large", "xlarge", "2xlarge", "4xlarge")),
        *(f"ml.m4.{size}" for size in ("xlarge", "2xlarge", "4xlarge")),
        *(f"ml.t2.{size}" for size in ("medium", "large", "xlarge", "2xlarge")),
        *(f"ml.p2.{size}" for size in ("xlarge", "8xlarge", "16xlarge")),
        "ml.dl1.24xlarge",
        "ml.p6e-gb200.36xlarge",
    }
    for name in ("ml.c8g.48xlarge", "ml.p5.48xlarge", "ml.r5d.large"):
        assert scenario(base, f"endpoint.instance_type={name}").endpoint.host.memory_bytes > 2**33


def test_a_region_with_prices_of_other_types_has_the_hardware_and_no_price():
    row = look_up("ml.c5.large", "eu-west-1")
    assert (row.vcpu, row.region, row.price[0]) == (2, "eu-west-1", None)
