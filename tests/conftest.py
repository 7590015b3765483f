"""Settings of every test."""

from __future__ import annotations

import signal

from hypothesis import settings

# A law is not about speed: on a busy machine an example may take any time.
settings.register_profile("mmesim", deadline=None)
settings.load_profile("mmesim")

# A run in the background of a script starts with SIGINT ignored, and every process that a test starts would inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
