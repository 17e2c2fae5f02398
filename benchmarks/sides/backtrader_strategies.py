"""backtrader: all strategies over all symbols in one Cerebro.

Timed: ``Cerebro.run()`` (runonce, preload, no default observers). Not timed: the frames, and building the Cerebro.
"""

from __future__ import annotations

from typing import ClassVar

import backtrader

from sides.asked import asked_frames, asked_workload
from sides.serving import Outcome, Task, serve
from workloads import CAPITAL, FEE_RATIO, MARGIN


class Cross(backtrader.Strategy):
    """The rule of the workloads; strategies share the broker's position, so each knows its own."""

    params: ClassVar = {"fast": 10, "slow": 50}

    def __init__(self) -> None:
        average = backtrader.ind.SMA
        self.rows = [
            [data, average(data.close, period=self.p.fast), average(data.close, period=self.p.slow), False]
            for data in self.datas
        ]
        self.fills = 0

    def next(self) -> None:
        for row in self.rows:
            data, fast, slow, is_long = row
            if fast[0] > slow[0] + MARGIN:
                if not is_long:
                    self.buy(data=data, size=1)
                    row[3] = True
            elif is_long:
                self.sell(data=data, size=1)
                row[3] = False

    def notify_order(self, order: backtrader.Order) -> None:
        if order.status == order.Completed:
            self.fills += 1


def _prepare() -> Task:
    workload, frames = asked_workload(), asked_frames()

    def fresh() -> backtrader.Cerebro:
        cerebro = backtrader.Cerebro(stdstats=False)
        cerebro.broker.setcash(CAPITAL)
        cerebro.broker.setcommission(commission=FEE_RATIO)
        for frame in frames:
            cerebro.adddata(backtrader.feeds.PandasData(dataname=frame, openinterest=None))
        for fast, slow in workload.pairs:
            cerebro.addstrategy(Cross, fast=fast, slow=slow)
        return cerebro

    def run(cerebro: backtrader.Cerebro) -> Outcome:
        strategies = cerebro.run()
        return Outcome(sum(strategy.fills for strategy in strategies), repr(cerebro.broker.getvalue()))

    return Task(run, {"backtrader": backtrader.__version__}, fresh)


if __name__ == "__main__":
    serve(_prepare)
