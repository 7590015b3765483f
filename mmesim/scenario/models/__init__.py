"""The section `models`: groups, tables, and the resolved row of each model."""
