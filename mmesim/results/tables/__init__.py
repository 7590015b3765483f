"""The tables of a result folder, and of a plan; writing them, and reading them back."""
