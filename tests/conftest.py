"""Shared fixtures: where real bars and reference numbers are, if this machine has them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Tests are never timed: the first example may compile a kernel.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

REPOSITORY = Path(__file__).resolve().parents[1]


def _folder(variable: str, default: str) -> Path:
    folder = Path(os.environ.get(variable, REPOSITORY.parent / "shared" / default))
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}: set {variable} to the folder to run this test")
    return folder


@pytest.fixture(scope="session")
def market_data() -> Path:
    """Give the folder of real bars."""
    return _folder("PODIUM_MARKET_DATA", "data")


@pytest.fixture(scope="session")
def references() -> Path:
    """Give the folder of results that other engines give on the real bars."""
    return _folder("PODIUM_REFERENCES", "references")
