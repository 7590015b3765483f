"""From named generators to draws: distributions of times, and the choice of models."""
