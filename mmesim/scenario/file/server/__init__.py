"""Configurations of the model server, read from their files into the scenario."""
