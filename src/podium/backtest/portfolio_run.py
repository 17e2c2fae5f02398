"""Run a portfolio file on its bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from podium.backtest.market import Market
from podium.backtest.orchestrator import StrategyOrchestrator
from podium.backtest.result import OrchestratorResult
from podium.core.errors import InputError, RunError
from podium.data.bars import BarSeries
from podium.data.grid import infer_tick
from podium.portfolio.configuration import OrchestratorConfig
from podium.portfolio.file import PortfolioFile

__all__ = ["at_file", "check_portfolio", "configuration_of", "run_portfolio"]


class _EverythingChecked(Exception):
    """Leave a run before its first bar."""


def check_portfolio(portfolio: PortfolioFile, bars: Mapping[str, BarSeries]) -> int:
    """Prepare a run as a backtest does, and refuse what it would refuse.

    Args:
        portfolio: the file.
        bars: the bars of its symbols.

    Returns:
        How many flaws of the bars are let through with a warning.

    Raises:
        InputError: for what is wrong with the input.
    """
    told: list[int] = []

    def leave(warnings: int) -> None:
        told.append(warnings)
        raise _EverythingChecked

    with suppress(_EverythingChecked):
        run_portfolio(portfolio, bars, on_checked=leave)
    return told[0]


def run_portfolio(
    portfolio: PortfolioFile,
    bars: Mapping[str, BarSeries],
    *,
    on_checked: Callable[[int], None] | None = None,
    on_progress: Callable[[int], None] | None = None,
    on_failed: Callable[[OrchestratorResult, RunError], None] | None = None,
) -> OrchestratorResult:
    """Run a portfolio file.

    Args:
        portfolio: the file.
        bars: the bars of its symbols.
        on_checked: called with the number of warnings once everything is checked, before the first bar.
        on_progress: called between chunks with the number of strategy-bars done.
        on_failed: called with what happened before the failure of a run that started, and the failure.

    Returns:
        What happened.

    Raises:
        InputError: for what is wrong with the input; nothing has run then.
        RunError: when the run fails.
    """
    total = sum(len(series) for series in bars.values())
    work = sum(len(bars[symbol]) for entry in portfolio.strategies for symbol in entry.symbols)

    def tell_checked(market: Market) -> None:
        if on_checked is not None:
            on_checked(len(market.flaws))

    def tell_progress(done: int) -> None:
        if on_progress is not None:
            on_progress(done * work // total)

    with at_file(portfolio):
        orchestrator = StrategyOrchestrator.of_file(portfolio, configuration_of(portfolio, bars))
        return orchestrator.run(
            dict(bars), portfolio.capital, on_checked=tell_checked, on_progress=tell_progress, on_failed=on_failed
        )


def configuration_of(portfolio: PortfolioFile, bars: Mapping[str, BarSeries]) -> OrchestratorConfig:
    """Give the options of a run, with ticks inferred from the bars where the file states none.

    Args:
        portfolio: the file.
        bars: the bars of its symbols.

    Returns:
        The options.
    """
    ticks = {symbol: infer_tick(bars[symbol]) for symbol, section in portfolio.symbols.items() if section.tick is None}
    return portfolio.configuration(ticks)


@contextmanager
def at_file(portfolio: PortfolioFile) -> Iterator[None]:
    """Let problems that know no location point at what they are about in the portfolio file.

    Args:
        portfolio: the file.

    Raises:
        InputError: what was raised, at its place.
    """
    try:
        yield
    except InputError as error:
        located = [problem.located(portfolio.locate_option(problem.place)) for problem in error.problems]
        raise type(error)(located) from error
