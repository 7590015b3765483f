"""The timeline of a part of a run: what was seen, laid out on tracks, as a trace that Perfetto opens."""
