"""A paper run whose journal is in PostgreSQL: killed in the middle, it goes on there as in a folder."""

from __future__ import annotations

import subprocess
import sys

import pytest

from podium.core.errors import JournalError
from podium.journal.journal import reading_journal
from podium.journal.records import Stream

PORTFOLIO = """\
portfolio: {name: kept, capital: 100_000}
data: {source: sample, to: 2022-01-25}
symbols:
  BTC/USDT: {tick: 0.1, lot: 0.001, taker_fee: 0.1%}
  ETH/USDT: {tick: 0.01, lot: 0.01, taker_fee: 0.1%}
strategies:
  - {id: trend, file: trend.yaml, weight: 0.5}
"""
TREND = """\
params: {fast: 5, slow: 20}
entry: {long: "crosses_above(ema(close, fast), ema(close, slow))"}
exit: {long: "crosses_below(ema(close, fast), ema(close, slow))"}
stop: 3%
"""


@pytest.fixture
def folder(tmp_path):
    """Give a folder with a portfolio."""
    (tmp_path / "portfolio.yaml").write_text(PORTFOLIO, encoding="utf-8")
    (tmp_path / "trend.yaml").write_text(TREND, encoding="utf-8")
    return tmp_path


def _command(place):
    return [sys.executable, "-m", "podium", "run", "portfolio.yaml", "--no-progress", "--journal", str(place)]


def _finish(folder, place):
    """Run to the end of the bars."""
    done = subprocess.run(_command(place), cwd=folder, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _inputs(place):
    try:
        with reading_journal(place) as journal:
            return journal.last(Stream.INPUT)
    except JournalError:
        return 0  # it is not made yet


def _kill_in_the_middle(folder, place, inputs):
    process = subprocess.Popen(_command(place), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while _inputs(place) < inputs:
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
        pytest.fail("the run ended before it could be killed")
    process.kill()
    process.wait()


def _recorded(place, stream):
    with reading_journal(place) as journal:
        assert journal.verify().problem is None
        return [(each.sequence, each.time, each.kind, each.body) for each in journal.read(stream)]


@pytest.mark.timeout(600)
def test_a_run_killed_with_its_journal_in_postgresql_goes_on(folder, postgres):
    """Two kills, and every input and event is that of a run in a folder that was never killed (D-02)."""
    address = postgres.address("killed")
    for inputs in (60, 250):
        _kill_in_the_middle(folder, address, inputs)
    _finish(folder, address)
    _finish(folder, folder / "whole.journal")
    whole = _recorded(folder / "whole.journal", Stream.DOMAIN)
    assert len(whole) > 50
    assert _recorded(address, Stream.DOMAIN) == whole
    assert _recorded(address, Stream.INPUT) == _recorded(folder / "whole.journal", Stream.INPUT)
