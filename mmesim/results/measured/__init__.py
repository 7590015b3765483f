"""What one replication measured, and how it is kept: all that crosses from the engine to the results."""
