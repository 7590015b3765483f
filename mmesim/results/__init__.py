"""What a run gives back: histograms, the latency ledger, the summary, tables and the result folder."""
