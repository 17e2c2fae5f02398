"""What the tests of the journal share: places for journals, and ``journal_records``."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

import pytest
from tests.postgres_server import started_server

from podium.journal.journal import open_journal

sys.path.insert(0, str(Path(__file__).parent))
_NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgres():
    """Give a real PostgreSQL server."""
    server = started_server()
    yield server
    server.remove()


@pytest.fixture
def place(tmp_path):
    """Give a folder where no journal is."""
    return tmp_path / "demo.journal"


@pytest.fixture(params=["sqlite", "postgres"])
def any_place(request, tmp_path):
    """Give a place of each sort where no journal is."""
    if request.param == "sqlite":
        return tmp_path / "demo.journal"
    return request.getfixturevalue("postgres").address(f"demo_{next(_NUMBERS)}")


@pytest.fixture
def journal(any_place):
    """Give a new journal that is closed at the end."""
    opened = open_journal(any_place)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_journal(place):
    """Give a new journal in a folder that is closed at the end."""
    opened = open_journal(place)
    yield opened
    opened.close()
