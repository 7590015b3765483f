"""The scenario file: YAML to a tree that knows its lines, bases and overrides, every problem at once, and back."""
