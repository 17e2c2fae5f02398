"""What a type checker makes of a user's strategy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

STRATEGY = """\
from typing import assert_type

from podium import Strategy
from podium.rules import atr, bbands, close, crosses_above, ema, zscore
from podium.strategy.views import BarView


class Coded(Strategy):
    length = 20
    z = zscore(close, "length")
    distance = 2 * atr(14)
    up = crosses_above(ema(close, 3), ema(close, 9))
    upper = bbands(close, 20)["upperband"]

    def on_bar(self, bar: BarView) -> None:
        if self.position.is_flat and self.z[0] < -1 and self.up[0]:
            self.buy(fraction=0.5, stop=bar.close - self.distance[0])
        elif self.position.is_long and self.upper[1] < bar.close:
            self.close()
        assert_type(self.z[0], float)


class Rules(Strategy):
    long_entry = crosses_above(ema(close, 3), ema(close, 9))
    long_exit = ~long_entry & (close[1] > 3)
    stop = 2 * atr(14)
"""


def test_a_coded_strategy_type_checks_strictly(tmp_path: Path) -> None:
    """An expression is a node in the class body and numbers in ``on_bar``, without a hint by the user."""
    (tmp_path / "coded.py").write_text(STRATEGY, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "coded.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "Success: no issues found in 1 source file\n"
