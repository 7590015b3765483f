"""Faults: SimPy processes that let go wrong what the scenario says, when it says so."""
