"""Readers of every format of a trace."""
