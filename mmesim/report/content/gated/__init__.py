"""What the reports of a gate say in the same words: `words`, `drift` from a baseline, what is `explained`."""
