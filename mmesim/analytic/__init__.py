"""Closed forms of queueing and caching theory: oracles for the engine and screens for the experiments."""
