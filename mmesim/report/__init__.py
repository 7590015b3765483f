"""Results for people: text for the terminal, and how far a run is."""
