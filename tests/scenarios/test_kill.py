"""Kill a paper run with SIGKILL at random moments: it goes on as if it had never been killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from paper_files import write_files

from podium.journal.journal import read_journal
from podium.journal.records import Stream

KILLS = 200 if os.environ.get("PODIUM_PROOF") else 20
#: How many kills one run has to survive; there are several runs, each with a seed of its own.
KILLS_OF_A_RUN = 10
SECONDS = 120

PORTFOLIO = """
portfolio: {name: kill, capital: 100_000, execution: netted, rebalancing: {when: schedule, every: day}}
data: {source: sample, from: 2022-01-01, to: 2022-03-15}
symbols: [BTC/USDT, ETH/USDT, SOL/USDT]
risk: {daily_loss: 4%, gross_exposure: 150%}
journal: {snapshot_steps: 97}
strategies:
  - {id: cross, file: cross.yaml, weight: 0.3}
  - {id: class, class: "rules.py:Pullback", weight: 0.3}
  - {id: code, class: "code.py:Counting", weight: 0.2, symbols: [BTC/USDT, SOL/USDT]}
  - {id: plain, class: "code.py:Plain", weight: 0.1, symbols: [ETH/USDT]}
"""


def command(folder: Path, journal: str) -> list[str]:
    return [sys.executable, "-m", "podium", "run", str(folder / "portfolio.yaml"), "--journal", str(folder / journal)]


def told(folder: Path, journal: str) -> list[tuple[int, bytes]]:
    reader = read_journal(folder / journal)
    try:
        return [(record.sequence, record.body) for record in reader.read(Stream.DOMAIN)]
    finally:
        reader.close()


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory):
    """Make the files, and run them once without a break."""
    folder = tmp_path_factory.mktemp("kill")
    write_files(folder, PORTFOLIO)
    done = subprocess.run(command(folder, "whole"), capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return folder, told(folder, "whole"), done.stdout.splitlines()[1:]


@pytest.mark.compiled
@pytest.mark.parametrize("seed", range(KILLS // KILLS_OF_A_RUN))
def test_a_killed_run_goes_on_as_if_it_had_never_been_killed(portfolio, seed):
    """SIGKILL at random moments of a real process: no event is lost, doubled or different (D-02, A-98, A-101)."""
    folder, expected, equities = portfolio
    chance = random.Random(seed)
    journal, kills, lengths = f"killed{seed}", 0, []
    while kills < KILLS_OF_A_RUN:
        process = subprocess.Popen(
            [*command(folder, journal), "--speed", "1500000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        # Most are killed while they trade, which begins with the first line; some while they start or recover.
        if chance.random() < 0.8:
            process.stderr.readline()
        try:
            _, errors = process.communicate(timeout=chance.uniform(0.0, 1.2))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
            lengths.append(len(told(folder, journal)) if (folder / journal / "journal.sqlite").exists() else 0)
        else:
            assert process.returncode == 0, errors
            break
    done = subprocess.run(command(folder, journal), capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    print(json.dumps({"seed": seed, "kills": kills, "events_at_each_kill": lengths}))  # noqa: T201  # how to repeat it
    assert told(folder, journal) == expected
    assert [sequence for sequence, _ in expected] == list(range(1, len(expected) + 1))
    assert len(expected) > 300
    assert done.stdout.splitlines()[1:] == equities
    assert len(set(lengths)) > 3
