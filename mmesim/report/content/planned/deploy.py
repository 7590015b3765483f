"""What deploys the answer of a plan, file by file, as a reader of the terminal can copy it."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim.report.blocks import Block, Lines, Report, Title, report
from mmesim.results.deploy import Deployable

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
    """A section for each file, and what they cannot say."""
    return report(*(_file(name, text) for name, text in found.files.items()), _notes(found))


def _file(name: str, text: str) -> Iterator[Block]:
    yield Title(name, COMMANDS[name])
    yield Lines(tuple(text.splitlines()), "verbatim")


def _notes(found: Deployable) -> Iterator[Block]:
    if found.notes:
        yield Title("What these files leave to you")
        yield Lines(found.notes, "list")
