"""Which models should leave the multi-model endpoint, and where to."""
