"""The examples run from anywhere and print what they say."""

from __future__ import annotations

import pytest
from blocks import ROOT
from execution import normalised, real_output, stated_output

EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*.py"))


def test_the_examples_that_are_promised_are_there():
    """Equal shares, limits, four in a table, the log, one alone. (B-62)"""
    promised = {
        "two_strategies_50_50.py", "capital_limits_30_70.py", "four_strategies_25.py", "log_queries.py",
        "one_strategy.py",
    }  # fmt: skip
    assert promised <= set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_prints_what_its_docstring_states(name, tmp_path):
    """Each runs as it is, from another folder, on the sample market. (B-62)"""
    example = ROOT / "examples" / name
    stated = stated_output(example)
    assert stated
    assert normalised(real_output(example, tmp_path)) == normalised(stated)


def test_the_limits_example_is_blocked():
    """A share of 30 % stops entries, and the example shows how many. (B-31, B-62)"""
    last = stated_output(ROOT / "examples" / "capital_limits_30_70.py").rstrip().split("\n")[-1]
    assert int(last.split()[0]) > 0
