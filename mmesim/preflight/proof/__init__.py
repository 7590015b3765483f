"""What arithmetic alone proves of a scenario: that a line of `expect` cannot hold, whatever the random numbers are."""
