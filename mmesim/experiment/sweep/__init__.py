"""Many scenarios from one: points, runs, and the table of results."""
