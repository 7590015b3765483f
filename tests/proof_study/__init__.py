"""Whether what is proved of a fleet holds when it is simulated, and how many of the fleets that fail are proved to."""
