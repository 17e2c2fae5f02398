"""Ctrl-C, or the end of the program by its system, at a time when everything is complete."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

__all__ = ["deferred_interrupt", "interrupting_termination"]


_HEARD = b"\ninterrupted: ends as soon as everything is complete; once more ends at once\n"


@contextmanager
def deferred_interrupt() -> Iterator[Sequence[int]]:
    """Let Ctrl-C wait for the end of what must not be cut in half, and say so; a second one acts at once.

    Yields:
        What was pressed: empty until then, which costs nearly nothing to look at.
    """
    before = signal.getsignal(signal.SIGINT)
    pressed: list[int] = []
    # Elsewhere than in the main thread there are no signals; a program that ignores Ctrl-C goes on doing so.
    if threading.current_thread() is not threading.main_thread() or before in (None, signal.SIG_IGN):
        yield pressed
        return

    def wait(number: int, _frame: FrameType | None) -> None:
        if pressed:
            raise KeyboardInterrupt
        pressed.append(number)
        # Past Python's streams: one of them may just be writing.
        with suppress(OSError):
            os.write(2, _HEARD)

    signal.signal(signal.SIGINT, wait)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def interrupting_termination() -> Iterator[Callable[[], bool]]:
    """Let SIGTERM do what Ctrl-C does at that moment, for programs that leave complete files on Ctrl-C.

    Yields:
        What tells whether it came.
    """
    came: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        came.append(number)
        handler = signal.getsignal(signal.SIGINT)
        # Whoever ignores Ctrl-C, as a shell's jobs in the background do, still has to end.
        if not callable(handler):
            raise KeyboardInterrupt
        handler(signal.SIGINT, frame)

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield lambda: bool(came)
    finally:
        signal.signal(signal.SIGTERM, before)
