"""The generated pages say what the code says."""

from __future__ import annotations

import importlib.util

import pytest
from blocks import ROOT

NAMES = ("functions.md", "portfolio_file.md", "strategy_file.md", "cli.md", "states.md", "events.md")


@pytest.fixture(scope="module")
def generated():
    specification = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return {path.name: text for path, text in module.pages().items()}


@pytest.mark.parametrize("name", NAMES)
def test_a_generated_page_is_current(generated, name):
    """``make docs`` writes it again. (D-12)"""
    committed = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert committed == generated[name], "run make docs"


def test_every_generated_page_is_tested(generated):
    """A new page cannot be forgotten here. (D-12)"""
    assert set(generated) == set(NAMES)
