"""What a run gives back: `result.py` is the whole; each folder answers one question about it."""
