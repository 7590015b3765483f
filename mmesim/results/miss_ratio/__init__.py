"""The miss-ratio curve: what share of its calls a run would miss with more or less memory."""
