"""Strategies of every form, as files, for portfolios that run on paper."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "cross.yaml": """
entry: {long: "crosses_above(ema(close, 5), ema(close, 20))", short: "crosses_below(ema(close, 5), ema(close, 20))"}
stop: 2 * atr(14)
targets: [{percent: 1%, close: 50%}, {percent: 3%, close: 50%}]
trail: {distance: 3 * atr(14), after: 1%}
max_bars: 30
size: {fraction: 0.3}
""",
    "rules.py": """
from podium import Strategy
from podium.rules import close, ema, rsi

class Pullback(Strategy):
    timeframe = "4h"
    long_entry = (close > ema(close, 10)) & (rsi(close, 3) < 45)
    long_exit = rsi(close, 3) > 70
    stop = {"percent": 0.02}
    size = {"fraction": 0.4}
""",
    "code.py": """
from decimal import Decimal

from podium import Strategy
from podium.rules import close, zscore

class Counting(Strategy):
    z = zscore(close, 12)

    def __init__(self):
        self.calls, self.entries = 0, []

    def on_bar(self, bar):
        self.calls += 1
        if self.position.is_flat and self.z[0] < -1 and self.calls % 3 == 0:
            self.entries.append(bar.close)
            self.buy(fraction=0.2, stop=bar.close * 0.97, target=bar.close * 1.02)
        elif self.position.is_flat and self.calls % 7 == 0:
            self.sell(limit=bar.close * 1.01, fraction=0.1, expire_bars=9, stop=bar.close * 1.05)
        elif not self.position.is_flat and self.position.bars_held > len(self.entries) % 11 + 3:
            self.close()

class Plain:
    def __init__(self):
        self.asked = 0

    def should_enter(self, bars):
        self.asked += 1
        return self.asked % 5 == 0

    def should_exit(self, position, bars):
        return position.bars_held > 6 or position.unrealized_pnl < Decimal("-40")
""",
}


def write_files(folder: Path, portfolio: str) -> Path:
    """Write a portfolio file and all strategies beside it; give the file."""
    for name, content in FILES.items():
        (folder / name).write_text(content, encoding="utf-8")
    (folder / "portfolio.yaml").write_text(portfolio, encoding="utf-8")
    return folder / "portfolio.yaml"
