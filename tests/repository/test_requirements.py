"""Every requirement that is owed by now has a test that names it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "requirements.py"


def _script():
    specification = importlib.util.spec_from_file_location("requirements_page", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_every_owed_row_has_a_test():
    """A row that is owed and has no test is a gap."""
    script = _script()
    proofs = script.proofs()
    assert [row["row"] for row in script.rows() if row["owed"] == "yes" and row["row"] not in proofs] == []


def test_the_page_of_requirements_is_current():
    """`make docs` was run after the last change of a test."""
    script = _script()
    assert script.PAGE.read_text(encoding="utf-8") == script.page()
