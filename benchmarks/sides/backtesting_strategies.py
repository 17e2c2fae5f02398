"""backtesting.py: one run per strategy and symbol, since it knows one of each.

Timed: ``Backtest.run()`` with its indicators and statistics. Not timed: the frames.
"""

from __future__ import annotations

import os
import warnings

os.environ["TQDM_DISABLE"] = "1"
warnings.filterwarnings("ignore")

import backtesting  # noqa: E402  after the filter
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from backtesting import Backtest, Strategy  # noqa: E402

from sides.asked import asked_frames, asked_workload  # noqa: E402
from sides.serving import Outcome, Task, serve  # noqa: E402
from workloads import CAPITAL, FEE_RATIO, MARGIN  # noqa: E402

backtesting.backtesting._tqdm = lambda sequence, **_: sequence  # noqa: SLF001  a progress bar is no part of the work


def _sma(values: np.ndarray, window: int) -> np.ndarray:
    return pd.Series(values).rolling(window).mean().to_numpy()


class Cross(Strategy):
    """The rule of the workloads."""

    fast, slow = 10, 50

    def init(self) -> None:
        self.fast_ma = self.I(_sma, self.data.Close, self.fast)
        self.slow_ma = self.I(_sma, self.data.Close, self.slow)

    def next(self) -> None:
        if self.fast_ma[-1] > self.slow_ma[-1] + MARGIN:
            if not self.position:
                self.buy(size=1)
        elif self.position:
            self.position.close()


def _prepare() -> Task:
    workload, frames = asked_workload(), asked_frames(capitals=True)
    cash = CAPITAL / (len(frames) * len(workload.pairs))

    def run(_: object) -> Outcome:
        fills, equity = 0, 0.0
        for frame in frames:
            for fast, slow in workload.pairs:
                result = Backtest(frame, Cross, cash=cash, commission=FEE_RATIO).run(fast=fast, slow=slow)
                fills += 2 * len(result._strategy.closed_trades) + len(result._strategy.trades)  # noqa: SLF001
                equity += float(result["Equity Final [$]"])
        return Outcome(fills, repr(equity))

    return Task(run, {"backtesting.py": backtesting.__version__})


if __name__ == "__main__":
    serve(_prepare)
