"""Make each peer's own environment, once, with the versions of its requirements file."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["PEERS", "EnvironmentFailed", "ready_environment"]

HERE = Path(__file__).resolve().parent
PEERS = ("vectorbt", "backtesting", "backtrader", "nautilus")
_FOLDER = HERE / ".environments"
_MARK = ".made-of"


class EnvironmentFailed(RuntimeError):
    """Say that a peer could not be installed."""


def ready_environment(peer: str) -> Path:
    """Give a peer's Python; make its environment if it is missing or its requirements have changed.

    Args:
        peer: one of ``PEERS``.

    Returns:
        The interpreter.

    Raises:
        EnvironmentFailed: when the installation fails, with the end of what it said.
    """
    requirements = HERE / f"requirements-{peer}.txt"
    folder = _FOLDER / peer
    python = folder / "bin" / "python"
    made_of = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    mark = folder / _MARK
    if mark.exists() and mark.read_text() == made_of:
        return python
    print(f"  making the environment of {peer} (once) ...", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    uv = shutil.which("uv")
    if uv:
        _install([uv, "venv", "--quiet", "--python", sys.executable, str(folder)])
        _install([uv, "pip", "install", "--quiet", "--python", str(python), "--requirement", str(requirements)])
    else:
        _install([sys.executable, "-m", "venv", str(folder)])
        _install([str(python), "-m", "pip", "install", "--quiet", "--requirement", str(requirements)])
    mark.write_text(made_of)
    return python


def _install(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EnvironmentFailed(f"{' '.join(command)}\n{done.stderr[-2000:]}")
