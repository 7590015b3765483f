"""Two scenarios on the same requests."""
