"""What deploys the answer of a plan, file by file, as a reader of the terminal can copy it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmesim.report.blocks import Block, Lines, Report, Title, report
from mmesim.results.deploy.deploy import Deployable

COMMANDS = {
    "model.json": "aws sagemaker create-model --cli-input-json file://model.json",
    "endpoint-config.json": "aws sagemaker create-endpoint-config --cli-input-json file://endpoint-config.json",
    "scalable-target.json": (
        "aws application-autoscaling register-scalable-target --cli-input-json file://scalable-target.json"
    ),
    "scaling-policy.json": (
        "aws application-autoscaling put-scaling-policy --cli-input-json file://scaling-policy.json"
    ),
    "serving.properties": "for the archive of each model: the settings of DJL Serving",
    "config.properties": "for a container of your own: the same settings as a file of the model server",
}
"""File -> what it is for."""


def deploy_report(found: Deployable) -> Report:
    """A section for each file in the order in which they are used, the endpoint among them, and what they leave out."""
    sections = {name: _file(name, text) for name, text in found.files.items()}
    first = [sections.pop(name) for name in ("model.json", "endpoint-config.json")]
    return report(*first, _endpoint(found), *sections.values(), _notes(found))


def _file(name: str, text: str) -> Iterator[Block]:
    yield Title(name, COMMANDS[name])
    yield Lines(tuple(text.splitlines()), "verbatim")


def _endpoint(found: Deployable) -> Iterator[Block]:
    """The command that brings it up, or replaces what runs."""
    yield Title("endpoint", "one command brings up a new one, the other replaces the fleet of one that runs")
    yield Lines(tuple(line for verb in ("create", "update") for line in _command(verb, found.name)), "verbatim")


def _command(verb: str, name: str) -> Sequence[str]:
    return f"aws sagemaker {verb}-endpoint --endpoint-name {name} \\", f"  --endpoint-config-name {name}"


def _notes(found: Deployable) -> Iterator[Block]:
    yield Title("What these files leave to you")
    yield Lines((_names(found), *found.notes), "list")


def _names(found: Deployable) -> str:
    resource = " and in ResourceId" if found.scaling else ""
    return (
        f"{found.name} stands for your names: put that of an endpoint that runs behind --endpoint-name{resource}; "
        "ModelName and EndpointConfigName must be new ones"
    )
