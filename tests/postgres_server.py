"""A real PostgreSQL server for the tests of one session: the binaries of a development dependency, or those on the PATH."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

#: PostgreSQL does not run as root; it runs as nobody then.
_NOBODY = 65534 if os.geteuid() == 0 else None


class PostgresServer:
    """Run one server that listens on a socket in its own folder only.

    Args:
        binaries: the folder of ``postgres``, ``initdb`` and ``pg_ctl``.
    """

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self.folder = Path(tempfile.mkdtemp(prefix="podium-pg-"))
        if _NOBODY is not None:
            os.chown(self.folder, _NOBODY, -1)
        self._run("initdb", "--username=podium", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")

    def address(self, schema: str) -> str:
        """Give the address of a journal."""
        return f"postgresql://podium@/postgres?host={self.folder}&schema={schema}"

    def start(self, *settings: str) -> None:
        """Start, with settings such as ``fsync=off``."""
        options = " ".join(["-h ''", f"-k {self.folder}", *(f"-c {setting}" for setting in settings)])
        self._run("pg_ctl", "start", "--wait", "--options", options, "--log", str(self.folder / "log"))

    def crash(self) -> None:
        """Stop without tidying up: what was not on the disk is gone, and the next start recovers."""
        self._run("pg_ctl", "stop", "--wait", "--mode", "immediate")

    def remove(self) -> None:
        """Stop, and leave nothing behind."""
        try:
            self.crash()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *words: str) -> None:
        command = [str(self._binaries / program), *words, "--pgdata", str(self.folder / "data")]
        with (self.folder / "said").open("w+b") as said:  # a pipe would stay open in the server
            done = subprocess.run(
                command, stdout=said, stderr=said, user=_NOBODY, cwd=self.folder, timeout=60, check=False
            )
            said.seek(0)
            assert done.returncode == 0, said.read().decode()


def started_server() -> PostgresServer:
    """Start a server; the test is skipped where there is none."""
    for binaries in _found():
        version = [str(binaries / "postgres"), "--version"]
        try:
            subprocess.run(version, capture_output=True, user=_NOBODY, cwd="/", timeout=60, check=True)
        except (OSError, subprocess.CalledProcessError):
            continue  # not reachable for the user that is to run it
        server = PostgresServer(binaries)
        server.start()
        return server
    pytest.skip("no PostgreSQL server: neither pgserver nor one on the PATH")


def _found() -> list[Path]:
    specification = importlib.util.find_spec("pgserver")
    folders = list(specification.submodule_search_locations or []) if specification is not None else []
    found = [Path(folder) / "pginstall" / "bin" for folder in folders]
    if (on_path := shutil.which("postgres")) is not None:
        found.append(Path(on_path).resolve().parent)
    return [folder for folder in found if (folder / "postgres").exists()]
