"""Ctrl-C at a time when everything is complete."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["deferred_interrupt"]


@contextmanager
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C wait for the end of what must not be cut in half; a second one acts at once.

    Yields:
        What tells whether it was pressed.
    """
    before = signal.getsignal(signal.SIGINT)
    # Elsewhere than in the main thread there are no signals; a program that ignores Ctrl-C goes on doing so.
    if threading.current_thread() is not threading.main_thread() or before in (None, signal.SIG_IGN):
        yield lambda: False
        return
    pressed: list[int] = []

    def wait(number: int, _frame: FrameType | None) -> None:
        if pressed:
            raise KeyboardInterrupt
        pressed.append(number)

    signal.signal(signal.SIGINT, wait)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)
