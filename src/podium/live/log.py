"""The structured log of a live run: one JSON object a line, the same keys everywhere."""

from __future__ import annotations

import json
from typing import Protocol, TextIO

from podium.core.clock import Clock
from podium.core.times import iso

__all__ = ["LEVELS", "JsonLog", "Log"]

#: From the least severe to the most.
LEVELS = ("debug", "info", "warning", "error")


class Log(Protocol):
    """Write down what happened, for people and programs."""

    def write(self, level: str, event: str, **members: object) -> None:
        """Write one line.

        Args:
            level: one of ``LEVELS``.
            event: what happened.
            members: the particulars.
        """
        ...


class JsonLog:
    """Write lines to a file.

    Args:
        file: where to; its owner closes it.
        clock: tells the time of the lines.
        level: the least severe that is written.
    """

    def __init__(self, file: TextIO, clock: Clock, level: str = "info") -> None:
        self._file, self._clock, self._kept = file, clock, frozenset(LEVELS[LEVELS.index(level) :])

    def write(self, level: str, event: str, **members: object) -> None:
        """Write one line.

        Args:
            level: one of ``LEVELS``.
            event: what happened.
            members: the particulars.
        """
        if level in self._kept:
            line = {"time": iso(self._clock.now()), "level": level, "event": event, **members}
            self._file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
            self._file.flush()
