"""Start sides and whole processes, and measure them from outside.

This process stays small on purpose: the peak memory that the system reports for a child is never less than its
parent's was.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["ProcessFigures", "Repeat", "Side", "SideFailed", "child_environment", "run_process", "run_side_once"]

HERE = Path(__file__).resolve().parent


class SideFailed(RuntimeError):
    """Say that a side or a process ended in failure, with the end of what it printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """Hold one timed run of a side.

    Args:
        cpu_seconds: of all its threads.
        wall_seconds: by the clock.
        fills: how many.
        equity: at the end, as text.
        parts: CPU seconds of named parts.
    """

    cpu_seconds: float
    wall_seconds: float
    fills: int
    equity: str
    parts: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessFigures:
    """Hold what a whole process took.

    Args:
        wall_seconds: from its start to its end.
        cpu_seconds: of all its threads.
        peak_bytes: the most memory it held.
        output: what it printed.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    output: str


def child_environment() -> dict[str, str]:
    """Give what children are started with: compiled files are kept, as on a user's machine."""
    environment = dict(os.environ)
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "NUMBA_DISABLE_JIT"):
        environment.pop(name, None)
    return environment


class Side:
    """Be a side of a comparison: a process that is ready and runs when told to.

    Args:
        name: for messages.
        python: its interpreter.
        module: a module of ``sides``.
        wanted: what it is asked for.

    Raises:
        SideFailed: when it does not become ready.
    """

    def __init__(self, name: str, python: Path, module: str, wanted: Mapping[str, object]) -> None:
        self.name = name
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed with the side
        self._process = subprocess.Popen(
            [str(python), "-m", f"sides.{module}", json.dumps(dict(wanted))],
            cwd=HERE,
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self.versions: dict[str, str] = self._answer()["versions"]

    def run(self) -> Repeat:
        """Run once.

        Returns:
            What it took.

        Raises:
            SideFailed: when it ends instead.
        """
        if self._process.stdin is None:
            raise SideFailed(f"{self.name} is closed")
        try:
            self._process.stdin.write("run\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer tells why
        return Repeat(**self._answer())

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        self.close()

    def _answer(self) -> dict:
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line:
            self._process.wait()
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace")[-2000:]
            raise SideFailed(f"{self.name} ended with {self._process.returncode}\n{said}")
        return json.loads(line)


def run_process(command: Sequence[str], folder: Path = HERE) -> ProcessFigures:
    """Run a whole process to its end.

    Args:
        command: what to run.
        folder: where.

    Returns:
        What it took.

    Raises:
        SideFailed: when it fails.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=child_environment(), stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        printed, said = output.read().decode(errors="replace"), errors.read().decode(errors="replace")
    if process.returncode:
        raise SideFailed(f"{' '.join(command)} ended with {process.returncode}\n{said[-2000:]}")
    kilobyte = 1 if sys.platform == "darwin" else 1024
    return ProcessFigures(
        wall_seconds=wall,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_bytes=usage.ru_maxrss * kilobyte,
        output=printed,
    )


def run_side_once(module: str, wanted: Mapping[str, object], python: str = sys.executable) -> dict:
    """Run a module of ``sides`` that prints one line of JSON.

    Args:
        module: its name.
        wanted: what it is asked for.
        python: its interpreter.

    Returns:
        What it printed, with ``peak_bytes``, ``cpu_seconds`` and ``wall_seconds`` of its process.
    """
    figures = run_process([python, "-m", f"sides.{module}", json.dumps(dict(wanted))])
    return {
        **json.loads(figures.output.splitlines()[-1]),
        "peak_bytes": figures.peak_bytes,
        "cpu_seconds": figures.cpu_seconds,
        "wall_seconds": figures.wall_seconds,
    }
