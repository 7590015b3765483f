"""The gate: whether scenarios meet what they expect, by as many replications as the answer needs."""
