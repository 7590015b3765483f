"""Statistics without a simulator: intervals, histograms, truncation, variance, ranking."""
