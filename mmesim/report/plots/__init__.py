"""Results as pictures, drawn without a screen; no setting of matplotlib is changed."""
