"""Find the rates of currencies: at every step what is known before its bars, and at their closes.

A rate holds from the time at which it is known (a symbol's: the close of its bar) until the next one. What trades
within a bar is converted at the rate known when the bar opened, what happens at its close at the one known then.
A backtest asks for all steps at once, a live run for one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal

import numpy as np
from numpy.typing import NDArray

from podium.backtest.market import Market
from podium.core.conversion import Conversion
from podium.core.errors import ConfigurationError, Problem, invariant
from podium.core.instruments import Instrument
from podium.core.money import LEDGER_LIMIT_UNITS, MoneyUnit
from podium.core.times import Timeframe, iso, to_nanoseconds
from podium.engine.engine import ConversionInput
from podium.portfolio.configuration import OrchestratorConfig
from podium.portfolio.currencies import Currencies

__all__ = ["ConversionRates", "make_conversion"]

_ALWAYS = -(1 << 62)


def make_conversion(
    market: Market, config: OrchestratorConfig, *, capital: Decimal, unit: MoneyUnit
) -> ConversionInput | None:
    """Make the engine's input of rates, of all steps.

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
    found = ConversionRates.of(config, market.instruments, market.timeframe)
    if found is None:
        return None
    for symbol in found.symbols:
        found.see(symbol, *_closes(market, symbol))
    for currency, known in found.first_times():
        mine = [symbol for symbol, number in zip(market.symbols, found.numbers, strict=True) if number == currency]
        _refuse_late(market, mine, found.currencies[currency - 1], known)
    rates = found.at(market.timeline.times)
    for symbol, number in zip(market.symbols, found.numbers, strict=True):
        if number > 0:
            _refuse_overflow(capital, unit, symbol, market.instruments[symbol].leverage, rates[:, number - 1])
    return ConversionInput(currencies=found.numbers, rates=rates)


class ConversionRates:
    """Know the rates of all quote currencies, as they become known.

    Args:
        currencies: of a run, without problems.
        instruments: by symbol, in portfolio order.
        timeframe: of the bars.
    """

    def __init__(self, currencies: Currencies, instruments: Mapping[str, Instrument], timeframe: Timeframe) -> None:
        self.currencies = currencies.foreign
        places = {currency: number for number, currency in enumerate(self.currencies, 1)}
        #: Of each symbol the number of its quote currency, from 1; 0 is the account currency.
        self.numbers = [places.get(currencies.quote(symbol), 0) for symbol in instruments]
        self._symbols, self._length = tuple(instruments), timeframe.nanoseconds
        self._series = [_Series.of(currencies.conversion[currency]) for currency in self.currencies]
        #: By symbol: its tick, and the currencies that it gives the rate of, with whether it divides.
        self._sources: dict[str, tuple[Decimal, list[tuple[int, bool]]]] = {}
        for number, currency in enumerate(self.currencies):
            symbol = currencies.conversion[currency].symbol
            if symbol is not None:
                _, given = self._sources.setdefault(symbol, (instruments[symbol].tick, []))
                given.append((number, currencies.is_inverse(currency)))

    @classmethod
    def of(
        cls, config: OrchestratorConfig, instruments: Mapping[str, Instrument], timeframe: Timeframe
    ) -> ConversionRates | None:
        """Find out which currencies there are, and where their rates come from.

        Args:
            config: says it.
            instruments: by symbol, in portfolio order.
            timeframe: of the bars.

        Returns:
            The rates that are known from the start; ``None`` where all symbols are quoted in the account currency.

        Raises:
            ConfigurationError: when a rate is missing or is not needed.
        """
        currencies = Currencies(
            account=config.currency, symbols=instruments, stated=config.currencies, conversion=config.conversion
        )
        if problems := list(currencies.problems()):
            raise ConfigurationError(problems)
        return cls(currencies, instruments, timeframe) if currencies.foreign else None

    @property
    def symbols(self) -> tuple[str, ...]:
        """Give the symbols whose closes are rates."""
        return tuple(self._sources)

    def see(self, symbol: str, times: NDArray[np.int64], closes: NDArray[np.int64]) -> None:
        """Take closes of a symbol.

        Args:
            symbol: one of ``symbols``.
            times: of these closes, nanoseconds since 1970 UTC, behind those that came before.
            closes: ticks, above 0.
        """
        invariant(bool((closes > 0).all()), "a rate is above 0", symbol=symbol)
        tick, given = self._sources[symbol]
        numerator, denominator = tick.as_integer_ratio()
        ratios = np.stack((closes * numerator, np.full(len(closes), denominator)), axis=1)
        for number, is_inverse in given:
            self._series[number].add(times, ratios[:, ::-1] if is_inverse else ratios)

    def at(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the rates of steps.

        Args:
            times: their closes, nanoseconds since 1970 UTC.

        Returns:
            Numerators and denominators: what is known before the bars of a step, then at their closes; shape
            ``(steps, currencies, 2, 2)``.
        """
        rates = np.empty((len(times), len(self._series), 2, 2), np.int64)
        for number, series in enumerate(self._series):
            for phase, instants in enumerate((times - self._length, times)):
                rates[:, number, phase] = series.at(instants)
        return rates

    def first_times(self) -> list[tuple[int, int]]:
        """Tell by the number of its currency from when on each rate is known, nanoseconds since 1970 UTC."""
        return [(number, int(series.known[0])) for number, series in enumerate(self._series, 1) if len(series.known)]

    def unknown_symbols(self, time: int | None = None) -> list[str]:
        """List the symbols of whose currency no rate is known yet.

        Args:
            time: nanoseconds since 1970 UTC; ``None`` before all times.
        """
        until = _ALWAYS if time is None else time
        known = {0, *(number for number, first in self.first_times() if first <= until)}
        return [symbol for symbol, number in zip(self._symbols, self.numbers, strict=True) if number not in known]

    def forget(self, time: int) -> None:
        """Forget what no step from a time on can ask for.

        Args:
            time: nanoseconds since 1970 UTC.
        """
        for series in self._series:
            series.forget(time - self._length)


class _Series:
    """Hold the rates of one currency, by the time from which on each is known."""

    def __init__(self) -> None:
        self.known = np.zeros(0, np.int64)
        self.ratios = np.zeros((0, 2), np.int64)

    @classmethod
    def of(cls, conversion: Conversion) -> _Series:
        """Begin with what is known from the start."""
        series = cls()
        if conversion.symbol is None:
            rates = [each.rate for each in conversion.rates] or [conversion.constant or Decimal(1)]
            scale = 10 ** max(0, *(-int(rate.normalize().as_tuple().exponent) for rate in rates))
            times = [to_nanoseconds(each.time) for each in conversion.rates] or [_ALWAYS]
            series.add(np.array(times, np.int64), np.array([(int(rate * scale), scale) for rate in rates], np.int64))
        return series

    def add(self, known: NDArray[np.int64], ratios: NDArray[np.int64]) -> None:
        self.known, self.ratios = np.concatenate((self.known, known)), np.concatenate((self.ratios, ratios))

    def at(self, instants: NDArray[np.int64]) -> NDArray[np.int64]:
        if not len(self.known):
            return np.ones((len(instants), 2), np.int64)
        # Before the first rate nothing is held: what needs one comes after it.
        return self.ratios[np.maximum(np.searchsorted(self.known, instants, side="right") - 1, 0)]

    def forget(self, instant: int) -> None:
        first = int(np.searchsorted(self.known, instant, side="right")) - 1
        if first > 0:
            self.known, self.ratios = self.known[first:], self.ratios[first:]


def _closes(market: Market, symbol: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Read when the bars of a symbol close, and at how many ticks."""
    number, bars = market.index(symbol), market.timeline
    first = sum(bars.lengths[:number])
    rows = slice(first, first + bars.lengths[number])
    return bars.times[bars.bar_steps[rows]], bars.bars["close"][rows]


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
