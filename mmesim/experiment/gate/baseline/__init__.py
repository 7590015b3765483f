"""A gate beside its baseline: what changed since."""
