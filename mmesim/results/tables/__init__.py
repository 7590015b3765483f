"""The tables of a result folder, and of a plan."""
