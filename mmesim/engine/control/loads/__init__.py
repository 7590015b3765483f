"""Loads of models, and all that can happen to one."""
