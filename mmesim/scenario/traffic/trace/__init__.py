"""Recorded traffic: which files, in which layout, and which part of them."""
