"""Scenarios: the file, its schema, the catalogue of instance types."""
