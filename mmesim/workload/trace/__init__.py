"""Recorded traffic: readers of each format, what is done to a trace before it is replayed, and what it is like."""
