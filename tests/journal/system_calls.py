"""What a process asked of the system, as strace saw it: which of its records were synced before they were used.

The trace is read in the order in which the system saw the calls. A record counts as synced when an fsync of the file
that it was written to had *ended*, and had begun after the record was written.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

_CALL = re.compile(r"^(?P<thread>\d+) +(?P<name>\w+)\((?P<rest>.*)$")
_RESUMED = re.compile(r"^(?P<thread>\d+) +<\.\.\. (?P<name>\w+) resumed>.*= (?P<result>-?\d+)")


def trace(arguments: Sequence[str], into: Path, *, environment: dict[str, str] | None = None) -> list[str]:
    """Run a program of Python under strace.

    Args:
        arguments: behind ``python``.
        into: the file for the trace.
        environment: of the program; that of this one when left out.

    Returns:
        The lines of the trace; the test is skipped where strace is missing or may not trace.
    """
    if shutil.which("strace") is None:
        pytest.skip("strace is not on the PATH")
    calls = "trace=openat,write,pwrite64,fsync,fdatasync"
    words = ["strace", "-f", "-qq", "-s", "100000", "-e", calls, "-o", str(into), sys.executable, *arguments]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, env=environment)
    if "PTRACE" in done.stderr or "ptrace" in done.stderr:
        pytest.skip(f"strace may not trace here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return into.read_text(encoding="utf-8", errors="replace").splitlines()


@dataclass
class Synced:
    """Follow the files of a journal through a trace.

    Args:
        token: finds the records in what is written; its first group names them.
        file: the end of the names of the files that are followed.
    """

    token: re.Pattern[str]
    file: str = "journal.sqlite-wal"
    names: set[str] = field(default_factory=set)
    _followed: set[str] = field(default_factory=set)
    _written: set[str] = field(default_factory=set)
    _begun: dict[str, set[str]] = field(default_factory=dict)
    _opening: set[str] = field(default_factory=set)

    def see(self, line: str) -> None:
        """Go on by one line of the trace; `names` then holds the records that are synced."""
        if (resumed := _RESUMED.match(line)) is not None:
            self._ended(resumed["thread"], resumed["name"], resumed["result"])
        elif (call := _CALL.match(line)) is not None:
            self._called(call["thread"], call["name"], call["rest"])

    def _called(self, thread: str, name: str, rest: str) -> None:
        is_unfinished = rest.rstrip().endswith("<unfinished ...>")
        result = rest.rsplit("= ", 1)[-1].split(" ", maxsplit=1)[0]
        descriptor = re.split(r"[,)< ]", rest, maxsplit=1)[0]
        if name == "openat" and f'{self.file}"' in rest:
            if is_unfinished:
                self._opening.add(thread)
            else:
                self._followed.add(result)
        elif name in {"write", "pwrite64"} and descriptor in self._followed:
            self._written |= set(self.token.findall(rest))
        elif name in {"fsync", "fdatasync"} and descriptor in self._followed:
            self._begun[thread] = set(self._written)
            if not is_unfinished:
                self._ended(thread, name, result)

    def _ended(self, thread: str, name: str, result: str) -> None:
        if name == "openat" and thread in self._opening:
            self._opening.discard(thread)
            self._followed.add(result)
        elif name in {"fsync", "fdatasync"} and result == "0":
            self.names |= self._begun.pop(thread, set())
