"""Place the rates of currencies on the timeline: at every step what is known before its bars, and at their closes.

A rate holds from the time at which it is known (a symbol's: the close of its bar) until the next one. What trades
within a bar is converted at the rate known when the bar opened, what happens at its close at the one known then.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

import numpy as np
from numpy.typing import NDArray

from podium.backtest.market import Market
from podium.core.conversion import Conversion, Rate
from podium.core.errors import ConfigurationError, Problem
from podium.core.money import LEDGER_LIMIT_UNITS, MoneyUnit
from podium.core.times import iso, to_nanoseconds
from podium.engine.engine import ConversionInput
from podium.portfolio.configuration import OrchestratorConfig
from podium.portfolio.currencies import Currencies

__all__ = ["make_conversion", "refuse_foreign"]

_ALWAYS = -(1 << 62)
#: When rates are known, and what they are: numerators and denominators.
_Series = tuple[NDArray[np.int64], NDArray[np.int64]]


def make_conversion(
    market: Market, config: OrchestratorConfig, *, capital: Decimal, unit: MoneyUnit
) -> ConversionInput | None:
    """Make the engine's input of rates.

    Args:
        market: the bars.
        config: currencies and where their rates come from.
        capital: of the portfolio, in account currency.
        unit: the money unit.

    Returns:
        The rates; ``None`` where all symbols are quoted in the account currency.

    Raises:
        ConfigurationError: when a rate is missing, is not needed or begins after the bars that need it, and when
            the capital in a quote currency leaves no headroom in the ledger.
    """
    currencies = _currencies(market, config)
    if problems := list(currencies.problems()):
        raise ConfigurationError(problems)
    foreign = currencies.foreign
    if not foreign:
        return None
    times = market.timeline.times
    rates = np.empty((len(times), len(foreign), 2, 2), np.int64)
    for number, currency in enumerate(foreign):
        known, ratios = _series(market, config.conversion[currency], is_inverse=currencies.is_inverse(currency))
        mine = [symbol for symbol in market.symbols if currencies.quote(symbol) == currency]
        _refuse_late(market, mine, currency, int(known[0]))
        for phase, instants in enumerate((times - market.timeframe.nanoseconds, times)):
            # Before the first rate nothing is held: the bars that need one come after it.
            rows = np.maximum(np.searchsorted(known, instants, side="right") - 1, 0)
            rates[:, number, phase] = ratios[rows]
    numbers = {currency: number for number, currency in enumerate(foreign, 1)}
    for symbol in market.symbols:
        if (number := numbers.get(currencies.quote(symbol), 0)) > 0:
            _refuse_overflow(capital, unit, symbol, market.instruments[symbol].leverage, rates[:, number - 1])
    return ConversionInput(
        currencies=[numbers.get(currencies.quote(symbol), 0) for symbol in market.symbols], rates=rates
    )


def refuse_foreign(market: Market, config: OrchestratorConfig) -> None:
    """Refuse symbols that are not quoted in the account currency, where rates are not known from the start.

    Args:
        market: the symbols.
        config: their currencies.

    Raises:
        ConfigurationError: naming the first one.
    """
    currencies = _currencies(market, config)
    for symbol in market.symbols:
        if (quote := currencies.quote(symbol)) != currencies.account:
            raise ConfigurationError(
                Problem(
                    message=f"'{symbol}' is quoted in {quote}, and rates are converted in backtests only",
                    expected=f"symbols quoted in the account's {currencies.account}",
                    place=("instruments", symbol),
                )
            )


def _currencies(market: Market, config: OrchestratorConfig) -> Currencies:
    return Currencies(
        account=config.currency, symbols=market.symbols, stated=config.currencies, conversion=config.conversion
    )


def _series(market: Market, conversion: Conversion, *, is_inverse: bool) -> _Series:
    if conversion.symbol is not None:
        return _closes(market, conversion.symbol, is_inverse=is_inverse)
    rates = [each.rate for each in conversion.rates] or [conversion.constant or Decimal(1)]
    decimals = max(-int(rate.normalize().as_tuple().exponent) for rate in rates)
    scale = 10 ** max(decimals, 0)
    ratios = np.array([(int(rate * scale), scale) for rate in rates], np.int64)
    return _times_of(conversion.rates), ratios


def _times_of(rates: Sequence[Rate]) -> NDArray[np.int64]:
    return np.array([to_nanoseconds(each.time) for each in rates] or [_ALWAYS], np.int64)


def _closes(market: Market, symbol: str, *, is_inverse: bool) -> _Series:
    """Read the closes of a symbol as ratios of whole numbers; the account's in the currency divide."""
    number, bars = market.index(symbol), market.timeline
    first = sum(bars.lengths[:number])
    closes = bars.bars["close"][first : first + bars.lengths[number]]
    numerator, denominator = market.instruments[symbol].tick.as_integer_ratio()
    ratios = np.stack((closes * numerator, np.full(len(closes), denominator)), axis=1)
    return bars.times[bars.bar_steps[first : first + len(closes)]], ratios[:, ::-1] if is_inverse else ratios


def _refuse_late(market: Market, symbols: Sequence[str], currency: str, known: int) -> None:
    first, symbol = min((int(market.store.series(symbol).close_time[0]), symbol) for symbol in symbols)
    if known > first:
        raise ConfigurationError(
            Problem(
                message=f"the rate of {currency} begins at {iso(known)}, after the first bar of '{symbol}' "
                f"at {iso(first)}",
                place=("conversion", currency),
                expected="a rate that is known when the bars that need it begin",
                hint="give it an earlier rate, or let the bars begin later with data: {from: ...}",
            )
        )


def _refuse_overflow(
    capital: Decimal, unit: MoneyUnit, symbol: str, leverage: Decimal, rates: NDArray[np.int64]
) -> None:
    """Refuse a capital that is too much for the ledger in a quote currency, at the lowest rate of the run."""
    ratios = rates.reshape(-1, 2)
    numerator, denominator = ratios[np.argmin(ratios[:, 0] / ratios[:, 1])].tolist()
    most = unit.to_decimal(LEDGER_LIMIT_UNITS - 1) * numerator / denominator / (4 * leverage)
    if capital > most:
        raise ConfigurationError(
            Problem(
                message=f"a capital of {capital:f} at leverage {leverage:f} does not fit an exact ledger in units of "
                f"1e-{unit.digits} of the currency of '{symbol}'",
                expected=f"a capital of at most {most.to_integral_value(ROUND_FLOOR):f}",
                place=("initial_capital",),
            )
        )
