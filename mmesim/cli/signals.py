"""What ends a command early: Ctrl-C, SIGTERM and a terminal that is closed all mean the same."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

TWICE_S = 1.0
"""Time within which a second signal is the same wish: `timeout` sends its signal to the process and to its group."""

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")

OTHERS = (signal.SIG_DFL, signal.SIG_IGN, signal.default_int_handler)
"""Handlers of nobody in particular. One that the program around has set stays."""


@contextmanager
def hearing_signals() -> Iterator[Callable[[], bool]]:
    """Meanwhile each of these signals is a KeyboardInterrupt: what is finished is kept, and nothing is left behind.

    Yields whether one was heard: a library that is interrupted may raise an error of its own instead.

    A shell script starts a command behind `&` with SIGINT ignored; nothing could stop it, so it is heard there, too.
    SIGHUP stays ignored where it is: that is what `nohup` is for. Processes that the command starts leave SIGINT to
    this one.
    """
    heard_s = -TWICE_S

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal heard_s
        now_s = time.monotonic()
        if now_s - heard_s >= TWICE_S:
            heard_s = now_s
            raise KeyboardInterrupt

    before = dict(_of_nobody())
    for number in before:
        signal.signal(number, interrupt)
    try:
        yield lambda: heard_s != -TWICE_S
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def dealt_with() -> None:
    """Lets Python end with the exit code that it is given, after an interrupt.

    When one ends code that was compiled from a string, as dataclasses do in an import, Python 3 remembers it as
    unhandled, and at last ends itself by SIGINT, until other such code runs (CPython, pythonrun.c, run_eval_code_obj).
    """
    exec("")


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Meanwhile these signals wait: what is shown and kept is shown and kept to the end."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    numbers = {number for name in NAMES if (number := getattr(signal, name, None)) is not None}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _of_nobody() -> Iterator[tuple[int, Any]]:
    """The signals that no program around listens to, and what happens to them now."""
    if threading.current_thread() is not threading.main_thread():
        return
    for name in NAMES:
        number = getattr(signal, name, None)
        handler = None if number is None else signal.getsignal(number)
        if number is not None and handler in OTHERS and not (name == "SIGHUP" and handler is signal.SIG_IGN):
            yield number, handler
