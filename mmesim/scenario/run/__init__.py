"""The sections `run`, `expect`, `sweep` and `beliefs`: how a scenario is run and what is asked of it."""
