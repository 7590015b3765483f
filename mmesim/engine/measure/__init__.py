"""What is measured: windows over time, records of calls, and the figures of a whole run."""
