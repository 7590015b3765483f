"""`python -m mmesim` is the command `mmesim`."""

import gc
import os
import signal

OBJECTS = 50_000
"""Objects that are made before Python looks for rubbish among them: what imports make stays, and is many times 700."""


def main() -> None:
    """The command, from its first moment to its last: Ctrl-C never shows a traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # while there is nothing to keep: until the command hears it
    gc.set_threshold(OBJECTS)
    # Arrow's own allocator keeps 12 MB more than the C library's for the tables that a run writes.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    from mmesim import cli

    try:
        cli.main()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the exit code is known, and Python only has to end


if __name__ == "__main__":
    main()
