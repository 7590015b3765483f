"""The control plane: what is rare, long and branching, as SimPy processes."""
