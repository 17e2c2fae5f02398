"""What every side is asked to do, in words that need no library.

Rule: long one unit while SMA(fast) > SMA(slow) + 0.00001, else flat. The margin is smaller than any difference that
prices on ticks of 0.01 can make over these windows, and larger than any error of a float: all sides see the same
signals. Costs: 0.1 % of each fill's value. Capital: 1,000,000, shared equally where a side gives each strategy its
own. An open position at the end is marked at the last close, not closed.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CAPITAL", "FEE_RATIO", "MARGIN", "SLOWER_WORKLOADS", "WORKLOADS", "Workload"]

MARGIN = 1e-5
CAPITAL = 1_000_000
FEE_RATIO = 0.001
_FIVE = ((5, 20), (10, 50), (20, 100), (50, 200), (100, 400))
#: Rules that trade a few times a day, as most do; all windows divide 400, so that the margin holds.
_SLOW = ((100, 400), (80, 400), (50, 400), (200, 400), (40, 400), (25, 400), (20, 400), (16, 400), (10, 400), (8, 400))
#: Rules that change their mind every few bars, so that nearly every step has orders.
_RESTLESS = ((2, 3), (2, 4), (2, 5), (2, 7), (3, 4), (3, 5), (3, 6), (4, 6), (4, 8), (5, 7))
_TEN = (*_FIVE, (6, 24), (12, 60), (24, 120), (60, 240), (120, 480))


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Be one task.

    Args:
        name: how it is called.
        pairs: windows (fast, slow) of each strategy.
        symbols: how many; 0 means the one long market.
        bars: of each symbol.
    """

    name: str
    pairs: tuple[tuple[int, int], ...]
    symbols: int
    bars: int

    @property
    def markets(self) -> tuple[int | None, ...]:
        """Give the symbols as ``market`` numbers them."""
        return tuple(range(self.symbols)) if self.symbols else (None,)

    @property
    def strategy_bars(self) -> int:
        """Count bars × symbols × strategies."""
        return self.bars * len(self.markets) * len(self.pairs)

    def shortened(self, bars: int) -> Workload:
        """Give the same task on fewer bars.

        Args:
            bars: of each symbol; more than there are changes nothing.
        """
        return Workload(name=self.name, pairs=self.pairs, symbols=self.symbols, bars=min(bars, self.bars))


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload(name="W1", pairs=((10, 50),), symbols=0, bars=1_000_000),
        Workload(name="W2", pairs=_FIVE, symbols=0, bars=1_000_000),
        Workload(name="W3", pairs=_FIVE, symbols=20, bars=50_000),
        Workload(name="ten strategies", pairs=_TEN, symbols=0, bars=1_000_000),
        Workload(name="slow, one strategy", pairs=_SLOW[:1], symbols=0, bars=1_000_000),
        Workload(name="slow, five strategies", pairs=_SLOW[:5], symbols=0, bars=1_000_000),
        Workload(name="slow, ten strategies", pairs=_SLOW, symbols=0, bars=1_000_000),
        Workload(name="orders", pairs=_RESTLESS, symbols=1, bars=3_000),
        Workload(name="replay", pairs=_TEN, symbols=500, bars=200),
        Workload(name="recovery", pairs=_RESTLESS, symbols=20, bars=5_750),
        Workload(name="week", pairs=_FIVE, symbols=20, bars=7 * 24 * 60),
        Workload(name="W1 long", pairs=((10, 50),), symbols=0, bars=10_000_000),
    )
}
#: What engines that take minutes are given instead.
SLOWER_WORKLOADS = {
    "W1": WORKLOADS["W1"].shortened(200_000),
    "W2": WORKLOADS["W2"].shortened(50_000),
    "W3": WORKLOADS["W3"].shortened(5_000),
}
