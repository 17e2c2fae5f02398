"""What every side must come to, computed in whole numbers without any engine.

Prices are ticks of 0.01 and the fee is 0.1 %, so that with money in hundred-thousandths nothing is ever rounded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from market import load_bars
from sides.asked import asked_workload
from sides.serving import request
from workloads import CAPITAL, Workload

__all__ = ["Expected", "expect"]

#: Figures of the full workloads that other engines agreed on: (fills, equity to four decimals).
_PUBLISHED = {
    ("W1", 1_000_000): (27_510, Decimal("997112.9454")),
    ("W2", 1_000_000): (114_193, Decimal("987997.8865")),
    ("W3", 50_000): (114_935, Decimal("988460.6419")),
}
_MONEY_PER_TICK = 1000
_HALF_CENT = 500
_CENT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Hold the figures of one workload.

    Args:
        fills: how many.
        equity: at the end.
    """

    fills: int
    equity: Decimal


def expect(workload: Workload, folder: Path, convention: str = "next_open") -> Expected:
    """Compute the figures of a workload.

    Args:
        workload: the task.
        folder: the benchmark's data.
        convention: ``next_open``: decide from the first bar at which both averages are known, fill at the next
            open; ``one_bar_later``: the same, but the first decision comes a bar later; ``same_close``: fill at the
            close that decides, with fees rounded to cents, half to even.

    Returns:
        The figures.

    Raises:
        ValueError: when they are not those that are published for it.
    """
    fills = 0
    money = 0
    for market in workload.markets:
        bars = load_bars(folder, workload.bars, market)
        open_, close = (np.rint(bars[name] * 100).astype(np.int64) for name in ("open", "close"))
        for fast, slow in workload.pairs:
            wanted = _wanted(close, fast, slow)
            if convention == "one_bar_later":
                wanted[slow - 1] = False
            more_fills, result = _one_strategy(open_, close, wanted, same_close=convention == "same_close")
            fills, money = fills + more_fills, money + result
    equity = CAPITAL + Decimal(money) / (100 * _MONEY_PER_TICK)
    published = _PUBLISHED.get((workload.name, workload.bars))
    if published is not None and convention == "next_open" and (fills, round(equity, 4)) != published:
        raise ValueError(f"{workload.name} comes to {fills} fills and {equity}, published are {published}")
    return Expected(fills=fills, equity=equity)


def _wanted(close: NDArray[np.int64], fast: int, slow: int) -> NDArray[np.bool_]:
    """Tell after each bar whether the rule wants to be long: a comparison of whole numbers."""
    sums = np.concatenate(([0], np.cumsum(close)))
    fast_sum = sums[slow:] - sums[slow - fast : len(sums) - fast]
    slow_sum = sums[slow:] - sums[:-slow]
    wanted = np.zeros(len(close), dtype=bool)
    wanted[slow - 1 :] = 1000 * fast_sum * slow > 1000 * slow_sum * fast + fast * slow
    return wanted


def _one_strategy(
    open_: NDArray[np.int64], close: NDArray[np.int64], wanted: NDArray[np.bool_], *, same_close: bool
) -> tuple[int, int]:
    """Give fills and result in hundred-thousandths of the currency."""
    change = np.diff(np.concatenate(([0], wanted.astype(np.int64))))
    rows = np.flatnonzero(change)
    if not same_close:
        rows = rows[rows + 1 < len(close)]
    side = change[rows]
    price = close[rows] if same_close else open_[rows + 1]
    fee = _in_cents(price) if same_close else price
    return len(rows), int(_MONEY_PER_TICK * (side.sum() * close[-1] - (side * price).sum()) - fee.sum())


def _in_cents(fee: NDArray[np.int64]) -> NDArray[np.int64]:
    cents, rest = np.divmod(fee, _CENT)
    return (cents + ((rest > _HALF_CENT) | ((rest == _HALF_CENT) & (cents % 2 == 1)))) * _CENT


def _print_asked() -> None:
    wanted = request()
    found = expect(asked_workload(), Path(str(wanted["data"])), str(wanted["convention"]))
    print(json.dumps({"fills": found.fills, "equity": str(found.equity)}))


if __name__ == "__main__":
    _print_asked()
