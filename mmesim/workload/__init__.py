"""Requests: when each comes, for which model, how much work it brings; the same for a seed, whatever serves them."""
