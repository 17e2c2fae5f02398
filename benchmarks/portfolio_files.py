"""Portfolio files with the rules of the workloads, as a user would write them."""

from __future__ import annotations

from pathlib import Path

from workloads import CAPITAL, FEE_RATIO, MARGIN, Workload

__all__ = ["write_portfolio"]

_STRATEGY = f"""\
name: cross
params: {{fast: 10, slow: 50}}
indicators:
  fast_ma: sma(close, fast)
  slow_ma: sma(close, slow)
entry:
  long: fast_ma > slow_ma + {MARGIN:f}
exit:
  long: not (fast_ma > slow_ma + {MARGIN:f})
size: {{quantity: 1}}
"""


def write_portfolio(folder: Path, workload: Workload, bars: Path, last: str | None = None) -> Path:
    """Write a portfolio file and its strategy file.

    Args:
        folder: where; made if it is missing.
        workload: whose rules it has.
        bars: the Parquet file of the symbol S00, or a folder; the symbols are S00, S01, …
        last: when its bars end, ``None`` for all.

    Returns:
        The portfolio file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cross.yaml").write_text(_STRATEGY, encoding="utf-8")
    strategies = "\n".join(
        f"  - {{id: cross-{fast}-{slow}, file: cross.yaml, params: {{fast: {fast}, slow: {slow}}}}}"
        for fast, slow in workload.pairs
    )
    instrument = f"{{tick: 0.01, lot: 1, taker_fee: {FEE_RATIO}}}"
    symbols = "\n".join(f"  S{number:02d}: {instrument}" for number in range(len(workload.markets)))
    until = f", to: {last}" if last else ""
    text = f"""\
portfolio: {{name: benchmark, capital: {CAPITAL}, equal_weights: true}}
data: {{source: parquet, path: {bars}, timeframe: 1m{until}}}
symbols:
{symbols}
simulation: {{entry_buffer: 0, finish: keep}}
strategies:
{strategies}
"""
    file = folder / f"portfolio-{len(workload.pairs)}.yaml"
    file.write_text(text, encoding="utf-8")
    return file
