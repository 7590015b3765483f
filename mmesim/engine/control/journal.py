"""What happened to the fleet in one replication: whoever changes it says so here."""

from __future__ import annotations

from mmesim.engine.environment import Environment
from mmesim.results.measured.happened import Happened, Kind


class Journal:
    """Writes down what happens, in order; changes nothing."""

    def __init__(self, env: Environment) -> None:
        self._env = env
        self._happened: list[Happened] = []

    def note(self, kind: Kind, name: str = "", **figures: float) -> None:
        """Something happens now; `name` and `figures` are what `Kind` says of its kind."""
        # The uncompiled kernel numbers hosts by integers of NumPy, which would be other figures in a digest.
        plain = {figure: float(value) for figure, value in figures.items()}
        self._happened.append(Happened(self._env.now, Kind(kind), name, plain))

    @property
    def happened(self) -> tuple[Happened, ...]:
        """Everything that has happened so far, in order of time."""
        return tuple(self._happened)
