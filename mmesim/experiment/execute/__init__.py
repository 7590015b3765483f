"""Where replications run: in this process, on several cores, on a cluster."""
