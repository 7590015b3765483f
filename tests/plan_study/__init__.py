"""Whether plans err as seldom as they say, and what they save: random small problems whose truth is simulated."""
