"""Kernels are compiled once per machine, and never used after an edit of any of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import podium

pytestmark = pytest.mark.compiled
PACKAGE = Path(podium.__file__).parent
CALL = """
from podium.core.kernels import is_cached, kernel_cache_folder
from podium.probe.caller_kernel import doubled_sum
print(kernel_cache_folder().name, is_cached("doubled_sum"), doubled_sum(1, 2))
"""


def _run(folder: Path, cache: Path) -> tuple[str, str, int]:
    environment = {**os.environ, "PYTHONPATH": str(folder), "XDG_CACHE_HOME": str(cache)}
    environment.pop("NUMBA_DISABLE_JIT", None)
    done = subprocess.run([sys.executable, "-c", CALL], env=environment, capture_output=True, text=True, check=True)
    name, known, answer = done.stdout.split()
    return name, known, int(answer)


@pytest.fixture
def copied(tmp_path):
    """Give a copy of the package with two small kernels, one calling the other across files."""
    (tmp_path / "podium").mkdir()
    for name in ("__init__.py", "core"):
        source, target = PACKAGE / name, tmp_path / "podium" / name
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    probe = tmp_path / "podium" / "probe"
    probe.mkdir()
    (probe / "__init__.py").write_text("")
    header = "from podium.core.kernels import compiled\n"
    (probe / "callee_kernel.py").write_text(header + "@compiled\ndef total(a, b):\n    return a + b\n")
    (probe / "caller_kernel.py").write_text(
        header + "from podium.probe.callee_kernel import total\n"
        "@compiled\ndef doubled_sum(a, b):\n    return 2 * total(a, b)\n"
    )
    return tmp_path


def test_an_edited_callee_in_another_file_leaves_no_stale_cache(copied, tmp_path):
    """The cache's name changes when any kernel file changes."""
    cache = tmp_path / "cache"
    first = _run(copied, cache)
    again = _run(copied, cache)
    callee = copied / "podium" / "probe" / "callee_kernel.py"
    callee.write_text(callee.read_text().replace("a + b", "a + b + 100"))
    edited = _run(copied, cache)
    assert (first[1], first[2]) == ("False", 6)
    assert again == (first[0], "True", 6)
    assert (edited[0] != first[0], edited[1], edited[2]) == (True, "False", 206)


def test_a_cache_folder_that_cannot_be_made_is_told_and_does_not_stop_the_run(copied):
    """Without a cache every process compiles for itself."""
    environment = {**os.environ, "PYTHONPATH": str(copied), "XDG_CACHE_HOME": "/proc/nowhere"}
    environment.pop("NUMBA_DISABLE_JIT", None)
    done = subprocess.run([sys.executable, "-c", CALL], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split()[1:] == ["False", "6"]
    assert "compiled code cannot be kept in /proc/nowhere" in done.stderr
