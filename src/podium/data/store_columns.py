"""The columns of one symbol in a bar store: buffers in memory, or files in a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from podium.data.bars import BarSeries

__all__ = ["COLUMN_NAMES", "Columns", "FileColumns", "MemoryColumns"]

#: In the order in which they are written: a row counts once its close time is there.
COLUMN_NAMES = ("open", "high", "low", "close", "volume", "close_time")


class Columns(Protocol):
    """Hold the columns of one symbol."""

    def column(self, name: str) -> NDArray[np.generic]:
        """Give a column as it is now."""
        ...

    def extend(self, series: BarSeries) -> None:
        """Add rows to all columns."""
        ...


class MemoryColumns:
    """Hold columns as buffers that grow by doubling; what was handed out stays as it was."""

    def __init__(self) -> None:
        self._rows = 0
        self._buffers: dict[str, NDArray[np.generic]] = {}

    def column(self, name: str) -> NDArray[np.generic]:
        """Give a column as it is now."""
        return self._buffers[name][: self._rows]

    def extend(self, series: BarSeries) -> None:
        """Add rows to all columns."""
        rows = self._rows + len(series)
        for name in COLUMN_NAMES:
            added: NDArray[np.generic] = getattr(series, name)
            self._buffers[name] = self._grown(name, added, rows)
        self._rows = rows

    def _grown(self, name: str, added: NDArray[np.generic], rows: int) -> NDArray[np.generic]:
        if self._rows == 0:
            return added
        buffer = self._buffers[name]
        if rows > len(buffer):
            wider = np.empty(max(rows, 2 * len(buffer)), dtype=buffer.dtype)
            wider[: self._rows] = buffer[: self._rows]
            buffer = wider
        buffer[self._rows : rows] = added
        return buffer


class FileColumns:
    """Hold columns as files of little-endian numbers, memory mapped.

    Args:
        folder: where they are; made when it is not there.
    """

    @classmethod
    def fresh(cls, folder: Path) -> FileColumns:
        """Start without rows, also where an append that was never finished left some.

        Args:
            folder: where they go.

        Returns:
            Columns without rows.
        """
        for name in COLUMN_NAMES:
            (folder / _file_name(name)).unlink(missing_ok=True)
        return cls(folder)

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        times = folder / _file_name("close_time")
        self._rows = times.stat().st_size // 8 if times.exists() else 0
        for name in COLUMN_NAMES:
            # What a broken append left behind the last whole row.
            if (folder / _file_name(name)).exists():
                os.truncate(folder / _file_name(name), self._rows * 8)

    def column(self, name: str) -> NDArray[np.generic]:
        """Give a column as it is now."""
        kind = "<i8" if name == "close_time" else "<f8"
        if not self._rows:
            return np.empty(0, dtype=kind)
        # Copy on write: kernels want arrays they could write to; the file never changes through it.
        mapped = np.memmap(self._folder / _file_name(name), dtype=kind, mode="c", shape=(self._rows,))
        plain: NDArray[np.generic] = mapped.view(np.ndarray)
        return plain

    def extend(self, series: BarSeries) -> None:
        """Add rows to all columns, the close times last."""
        for name in COLUMN_NAMES:
            column: NDArray[np.generic] = getattr(series, name)
            with (self._folder / _file_name(name)).open("ab") as file:
                file.write(np.ascontiguousarray(column.astype(column.dtype.newbyteorder("<"))).tobytes())
                file.flush()
                os.fsync(file.fileno())
        self._rows += len(series)


def _file_name(column: str) -> str:
    return f"{column}.{'i8' if column == 'close_time' else 'f8'}"
