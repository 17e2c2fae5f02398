"""Run a portfolio file and show on the error stream how far it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from podium.backtest.portfolio_run import run_portfolio
from podium.backtest.result import OrchestratorResult
from podium.core.errors import RunError
from podium.data.bars import BarSeries
from podium.portfolio.file import PortfolioFile
from podium.report.progress import RunProgress
from podium.report.terminal import terminal_console

__all__ = ["run_with_progress"]


def run_with_progress(
    portfolio: PortfolioFile,
    bars: Mapping[str, BarSeries],
    *,
    shown: bool,
    on_checked: Callable[[int], None] | None = None,
    on_failed: Callable[[OrchestratorResult, RunError], None] | None = None,
) -> OrchestratorResult:
    """Run a portfolio file.

    Args:
        portfolio: the file.
        bars: the bars of its symbols.
        shown: whether to show anything.
        on_checked: called with the number of warnings once everything is checked, before the first bar.
        on_failed: called with what happened before the failure of a run that started, and the failure.

    Returns:
        What happened.
    """
    work = sum(len(bars[symbol]) for entry in portfolio.strategies for symbol in entry.symbols)
    with RunProgress(terminal_console(stderr=True), work, enabled=shown) as progress:
        return run_portfolio(portfolio, bars, on_checked=on_checked, on_progress=progress.update, on_failed=on_failed)
