"""Let the tests of this folder import ``peers``, and the servers of the bus's tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[1] / "bus")]
