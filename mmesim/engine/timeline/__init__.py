"""Runs a replication once more and keeps everything that happens in a part of it."""
