"""One process at a time writes a journal: a lock that the system gives back when the process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from podium.core.errors import JournalError, Location, Problem

__all__ = ["FileLock"]


class FileLock:
    """Hold a file for this process alone.

    Args:
        path: the file; it is made when it is not there and stays when the lock is let go.

    Raises:
        JournalError: when another process holds it, or it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = _open(path)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._descriptor, 32, 0).decode("utf-8", "replace").strip()
            os.close(self._descriptor)
            raise held(str(path.parent), f"process {holder}" if holder else "another process") from None
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            os.close(self._descriptor)
            raise _unwritable(path, error) from None

    def release(self) -> None:
        """Let other processes have it."""
        os.close(self._descriptor)


def held(place: str, holder: str) -> JournalError:
    """Say that a journal is in use.

    Args:
        place: the journal.
        holder: who uses it.

    Returns:
        What to raise.
    """
    return JournalError(
        Problem(
            message=f"the journal is in use by {holder}",
            location=Location(file=place),
            expected="one process for each journal",
            hint="stop that process first, or name another journal",
        )
    )


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> JournalError:
    return JournalError(
        Problem(
            message=f"the journal cannot be written: {error.strerror}",
            location=Location(file=str(path)),
            expected="a folder that this user can write to, on a disk with free space",
        )
    )
