"""How each figure follows from what was measured: over all calls, over some, of each model, over time."""
