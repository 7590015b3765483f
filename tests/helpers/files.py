"""Where things lie in the repository."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SCENARIOS = sorted((ROOT / "scenarios").rglob("*.yaml"))
"""Every scenario that is shipped."""
DATA = ROOT / "tests" / "data"
"""Traces of others that the tests read."""
QUICKSTART = ROOT / "scenarios" / "quickstart.yaml"
AZURE_DAY = ROOT / "scenarios" / "traces" / "azure2019_1000f_invocations_per_minute.csv.gz"
"""A day of a thousand functions."""
