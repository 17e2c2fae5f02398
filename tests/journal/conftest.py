"""What the tests of the journal share: a journal in a folder of its own, and ``journal_records``."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from podium.journal.journal import open_journal

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def place(tmp_path):
    """Give a place where no journal is."""
    return tmp_path / "demo.journal"


@pytest.fixture
def journal(place):
    """Give a new journal that is closed at the end."""
    opened = open_journal(place)
    yield opened
    opened.close()
