"""What a verdict is for the reader of a page."""

from collections.abc import Mapping
from types import MappingProxyType

from mmesim.report.page.document import Tone

TONES: Mapping[str, Tone] = MappingProxyType({"pass": "good", "fail": "bad", "undecided": "open"})
"""Verdict -> tone of the answer."""
