"""vectorbt, with its Rust engine where it has one.

Timed: indicators, comparison, the shift by one bar, ``Portfolio.from_signals`` at the open, final value, order records.
Not timed: the frames of open and close, which are its input.
"""

from __future__ import annotations

import warnings

warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402  after the filter
import pandas as pd  # noqa: E402
import vectorbt as vbt  # noqa: E402

from sides.asked import WARM_UP_BARS, asked_frames, asked_workload  # noqa: E402
from sides.serving import Outcome, Task, serve  # noqa: E402
from workloads import CAPITAL, FEE_RATIO, MARGIN  # noqa: E402


def _prepare() -> Task:
    workload, frames = asked_workload(), asked_frames()
    many = len(frames) > 1 or len(workload.pairs) > 1
    close = pd.concat({number: frame["close"] for number, frame in enumerate(frames)}, axis=1)
    open_ = np.column_stack([frame["open"].to_numpy() for frame in frames])
    if not many:
        close, open_ = close.iloc[:, 0], open_[:, 0]
    fast, slow = ([pair[position] for pair in workload.pairs] for position in (0, 1))

    def run(bars: int | None) -> Outcome:
        closes, opens = close.iloc[:bars], open_[:bars]
        wanted = vbt.MA.run(closes, window=fast).ma.to_numpy() > vbt.MA.run(closes, window=slow).ma.to_numpy() + MARGIN
        entries = np.zeros_like(wanted)
        entries[1:] = wanted[:-1]
        if many:  # columns: by window, then by symbol
            closes = pd.DataFrame(np.tile(closes.to_numpy(), (1, len(fast))), index=closes.index)
            opens = np.tile(opens, (1, len(fast)))
        portfolio = vbt.Portfolio.from_signals(
            closes, entries, ~entries, price=opens, size=1.0, fees=FEE_RATIO, init_cash=float(CAPITAL), freq="1min",
            group_by=True if many else None, cash_sharing=many,
        )  # fmt: skip
        return Outcome(len(portfolio.order_records), repr(float(np.sum(portfolio.final_value()))))

    run(WARM_UP_BARS)
    return Task(lambda _: run(None), {"vectorbt": f"{vbt.__version__} ({_engine()})"})


def _engine() -> str:
    try:
        from importlib.metadata import version

        from vectorbt._engine import is_rust_available

        return f"Rust engine {version('vectorbt-rust')}" if is_rust_available() else "numba"
    except ImportError:
        return "numba"


if __name__ == "__main__":
    serve(_prepare)
