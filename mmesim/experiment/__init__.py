"""Experiments: scenarios run more than once."""
