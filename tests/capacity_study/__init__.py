"""How often the answer of `mmesim capacity` holds the truth, where the truth is known."""
