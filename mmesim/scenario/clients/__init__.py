"""The section `clients`: users' time-outs, retries, and the causes of failure that they react to."""
