"""Faults: SimPy processes that make things go wrong, as and when the scenario says."""
