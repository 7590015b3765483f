"""What sets up autoscaling is what AWS's own client takes, and notes say what it leaves out."""

from __future__ import annotations

import botocore.session
import pytest
from botocore.validate import validate_parameters

from mmesim.results.deploy.scaling import POLICY, TARGET, notes_on_scaling, scaling_files
from mmesim.scenario.endpoint.autoscaling.autoscaling import Autoscaling
from mmesim.scenario.endpoint.autoscaling.policies import TargetTracking


def scaling(*policies: TargetTracking) -> Autoscaling:
    return Autoscaling(min=2, max=7, policies=policies)


INVOCATIONS = TargetTracking(metric="InvocationsPerInstance", target=546.0, disable_scale_in=True)
CPU = TargetTracking(metric="CPUUtilization", target=70.0)


def test_botocore_takes_the_documents():
    service = botocore.session.get_session().get_service_model("application-autoscaling")
    files = scaling_files(scaling(INVOCATIONS), "tenants")
    for name, operation in ((TARGET, "RegisterScalableTarget"), (POLICY, "PutScalingPolicy")):
        shape = service.operation_model(operation).input_shape
        validate_parameters(dict(files[name]), shape)
        for key in ("ServiceNamespace", "ScalableDimension"):
            assert files[name][key] in shape.members[key].enum
    tracking = service.shape_for("MetricType").enum
    configuration = files[POLICY]["TargetTrackingScalingPolicyConfiguration"]
    assert isinstance(configuration, dict)
    assert configuration["PredefinedMetricSpecification"]["PredefinedMetricType"] in tracking
    assert (configuration["TargetValue"], configuration["DisableScaleIn"]) == (546.0, True)
    assert files[TARGET]["ResourceId"] == "endpoint/tenants/variant/AllTraffic"


@pytest.mark.parametrize(("policies", "said"), [((CPU,), "1 of 1"), ((CPU, INVOCATIONS), "1 of 2")])
def test_what_has_no_predefined_metric_is_left_out_and_named(policies: tuple[TargetTracking, ...], said: str):
    files = scaling_files(scaling(*policies), "tenants")
    assert (POLICY in files) == (INVOCATIONS in policies)
    assert any(
        f"{said} policies of endpoint.autoscaling are not in it" in note
        for note in notes_on_scaling(scaling(*policies))
    )
