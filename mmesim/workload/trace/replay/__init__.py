"""What is done to a trace before it is replayed."""
