"""The plugin of pytest: `pytest --mmesim scenarios/` holds scenarios to what they expect, as `mmesim gate` does."""
