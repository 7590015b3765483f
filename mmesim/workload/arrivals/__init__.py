"""When the calls of a stream with an arrival process come, and for which models."""
