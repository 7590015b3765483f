"""Settings of every test."""

from __future__ import annotations

from hypothesis import settings

# A law is not about speed: on a busy machine an example may take any time.
settings.register_profile("mmesim", deadline=None)
settings.load_profile("mmesim")
