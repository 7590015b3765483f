"""Results as small HTML for a notebook: the same blocks as everywhere, without a script, within some kilobytes."""
