"""Choices that are made rarely: pure functions over read-only views."""
