"""Let the tests of this folder import ``random_rules``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def _kernels_without_compiler():
    """Kernels run as plain Python (for coverage) divide by zero with a warning that compiled ones do not give."""
    with np.errstate(all="ignore" if os.environ.get("NUMBA_DISABLE_JIT") else "warn"):
        yield
