"""The folder that a result is written to: what lies there, where it comes from, and reading it back."""
