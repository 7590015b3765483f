"""The data plane: what happens for every request, compiled."""
